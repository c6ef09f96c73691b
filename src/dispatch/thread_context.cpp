#include "torchtally/thread_context.h"

#include <utility>

#include "dispatch/context.h"
#include "dispatch/thread_frame.h"

namespace torchtally {
namespace {

using dispatch::Position;

// A position that can be pushed on this thread: where nodes of another thread run means nothing here.
std::shared_ptr<Position> copy(const Position& position) {
  Position::Options options = position.options;
  options.opened_in = dispatch::BackwardNode();
  return std::make_shared<Position>(position.context, position.frame, position.outer, options);
}

}  // namespace

ThreadContext ThreadContext::current() {
  ThreadContext context;
  if (dispatch::key_is_active()) context.position_ = dispatch::counting_position();
  return context;
}

bool ThreadContext::is_known() { return dispatch::settled_position() != nullptr; }

struct AdoptContext::State {
  explicit State(std::shared_ptr<Position> position)
      : frame("AdoptContext", std::move(position), dispatch::ThreadFrame::Key::kCount) {}
  dispatch::ThreadFrame frame;
};

AdoptContext::AdoptContext(const ThreadContext& context) {
  if (context.position_ == nullptr) return;
  state_ = std::make_unique<State>(copy(*context.position_));
  for (const Position* position = &state_->frame.position(); position != nullptr; position = position->outer.get()) {
    position->places().adopt(position->frame);
  }
}

AdoptContext::~AdoptContext() noexcept(false) {
  if (state_ != nullptr) state_->frame.close();
}

}  // namespace torchtally
