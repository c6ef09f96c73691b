#include "torchtally/counting_guard.h"

#include <optional>
#include <utility>

#include "dispatch/context.h"
#include "dispatch/model_modules.h"
#include "dispatch/registration.h"
#include "dispatch/thread_frame.h"

namespace torchtally {
namespace dispatch {

class GuardState {
 public:
  explicit GuardState(FormulaSet formulas, bool follows_interpreter = false) {
    ensure_registered(formulas);
    std::shared_ptr<const Position> outer = settled_position();
    // Where the thread does not count (paused, or inside an operator that is counted as a whole) nobody around shall hear of it.
    if (outer != nullptr && (outer->context == nullptr || !key_is_active())) outer = nullptr;
    const std::size_t depth = outer == nullptr ? 0 : outer->context->depth() + 1;
    auto context = std::make_shared<Context>(std::move(formulas), Context::Options{depth, follows_interpreter});
    position_ = std::make_shared<Position>(std::move(context), attribution::kRoot, std::move(outer));
  }

  template <typename Model>
  void list(const Model& model) {
    list_modules(model, context().modules());
  }

  void open() { frame_.emplace("CountingGuard", position_, ThreadFrame::Key::kCount); }

  void close() { frame_->close(); }

  Context& context() const { return *position_->context; }

 private:
  std::shared_ptr<Position> position_;
  std::optional<ThreadFrame> frame_;
};

}  // namespace dispatch

CountingGuard::CountingGuard() : CountingGuard(FormulaSet::builtin()) {}

CountingGuard::CountingGuard(FormulaSet formulas) : state_(std::make_unique<dispatch::GuardState>(std::move(formulas))) {
  state_->open();
}

CountingGuard::CountingGuard(const torch::nn::Module& model, FormulaSet formulas)
    : state_(std::make_unique<dispatch::GuardState>(std::move(formulas))) {
  state_->list(model);
  state_->open();
}

CountingGuard::CountingGuard(const torch::jit::Module& model, FormulaSet formulas)
    : state_(std::make_unique<dispatch::GuardState>(std::move(formulas), /*follows_interpreter=*/true)) {
  state_->list(model);
  state_->open();
}

CountingGuard::~CountingGuard() noexcept(false) { state_->close(); }

Tally CountingGuard::tally() const { return state_->context().tally(); }

struct PauseCounting::State {
  dispatch::ThreadFrame frame = {"PauseCounting", std::make_shared<dispatch::Position>(), dispatch::ThreadFrame::Key::kPause};
};

PauseCounting::PauseCounting() : state_(std::make_unique<State>()) {}

PauseCounting::~PauseCounting() noexcept(false) { state_->frame.close(); }

}  // namespace torchtally
