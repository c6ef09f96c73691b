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
  GuardState(FormulaSet formulas, CallObserver* observer, bool follows_interpreter = false) {
    ensure_registered(formulas);
    std::shared_ptr<const Position> outer = settled_position();
    // Where the thread does not count (paused, or inside an operator that is counted as a whole) nobody around shall hear of it.
    if (outer != nullptr && (outer->context == nullptr || !key_is_active())) outer = nullptr;
    const std::size_t depth = outer == nullptr ? 0 : outer->context->depth() + 1;
    context_ = std::make_shared<Context>(std::move(formulas), Context::Options{depth, follows_interpreter, observer});
    outer_ = std::move(outer);
  }

  template <typename Model>
  void list(const Model& model) {
    list_modules(model, *context_);
  }

  void open() {
    auto position = std::make_shared<Position>(context_, attribution::kRootFrame, std::move(outer_), Position::Options());
    frame_.emplace("CountingGuard", std::move(position), ThreadFrame::Key::kCount);
    context_->places().leave_to(attribution::kRootFrame);
  }

  void close() { frame_->close(); }

  Context& context() const { return *context_; }

 private:
  std::shared_ptr<Context> context_;
  std::shared_ptr<const Position> outer_;  // until open()
  std::optional<ThreadFrame> frame_;
};

}  // namespace dispatch

CountingGuard::CountingGuard() : CountingGuard(FormulaSet::builtin()) {}

CountingGuard::CountingGuard(FormulaSet formulas, CallObserver* observer)
    : state_(std::make_unique<dispatch::GuardState>(std::move(formulas), observer)) {
  state_->open();
}

CountingGuard::CountingGuard(const torch::nn::Module& model, FormulaSet formulas, CallObserver* observer)
    : state_(std::make_unique<dispatch::GuardState>(std::move(formulas), observer)) {
  state_->list(model);
  state_->open();
}

CountingGuard::CountingGuard(const torch::jit::Module& model, FormulaSet formulas, CallObserver* observer)
    : state_(std::make_unique<dispatch::GuardState>(std::move(formulas), observer, /*follows_interpreter=*/true)) {
  state_->list(model);
  state_->open();
}

CountingGuard::CountingGuard(const ModuleList& model, FormulaSet formulas, CallObserver* observer)
    : state_(std::make_unique<dispatch::GuardState>(std::move(formulas), observer)) {
  state_->list(model);
  state_->open();
}

CountingGuard::~CountingGuard() noexcept(false) { state_->close(); }

Tally CountingGuard::tally() const { return state_->context().tally(); }

struct PauseCounting::State {
  explicit State(dispatch::ThreadFrame::Key key) : frame("PauseCounting", std::make_shared<dispatch::Position>(), key) {}
  dispatch::ThreadFrame frame;
};

PauseCounting::PauseCounting(Keys keys)
    : state_(std::make_unique<State>(keys == Keys::kKeep ? dispatch::ThreadFrame::Key::kKeep
                                                         : dispatch::ThreadFrame::Key::kPause)) {}

PauseCounting::~PauseCounting() noexcept(false) { state_->frame.close(); }

}  // namespace torchtally
