#include "torchtally/phase_scope.h"

#include <optional>

#include "dispatch/context.h"
#include "dispatch/thread_frame.h"

namespace torchtally {
namespace {

using dispatch::Position;

// The same position in another phase, for each guard of the chain.
std::shared_ptr<Position> in_phase(const Position& position, Phase phase) {
  Position::Options options = position.options;
  options.phase = phase;
  return std::make_shared<Position>(position.context, position.frame,
                                    position.outer == nullptr ? nullptr : in_phase(*position.outer, phase), options);
}

}  // namespace

struct PhaseScope::State {
  explicit State(std::shared_ptr<Position> position)
      : frame("PhaseScope", std::move(position), dispatch::ThreadFrame::Key::kKeep) {}
  dispatch::ThreadFrame frame;
};

PhaseScope::PhaseScope(Phase phase) {
  const auto position = dispatch::counting_position();
  if (position != nullptr) state_ = std::make_unique<State>(in_phase(*position, phase));
}

PhaseScope::~PhaseScope() noexcept(false) {
  if (state_ != nullptr) state_->frame.close();
}

}  // namespace torchtally
