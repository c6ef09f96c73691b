#include "torchtally/step_meter.h"

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

#include <chrono>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include "dispatch/context.h"
#include "dispatch/model_modules.h"
#include "dispatch/registration.h"
#include "dispatch/thread_frame.h"
#include "torchtally/counting_guard.h"

namespace torchtally {

using dispatch::Context;
using dispatch::Position;
using PhaseCosts = std::array<Cost, kPhases.size()>;
using Clock = std::chrono::steady_clock;

namespace {

StepMeter::Options checked(StepMeter::Options options) {
  if (options.every < 0)
    throw std::invalid_argument("torchtally::StepMeter: Options::every is negative; 0 counts new sizes only");
  if (!(options.peak_flops >= 0)) throw std::invalid_argument("torchtally::StepMeter: Options::peak_flops is negative");
  if (!(options.smoothing >= 0 && options.smoothing < 1)) {
    throw std::invalid_argument("torchtally::StepMeter: Options::smoothing is not in [0, 1)");
  }
  return options;
}

// What the counts of a step depend on, as far as its inputs tell.
std::vector<std::int64_t> describe(const std::vector<at::Tensor>& inputs) {
  std::vector<std::int64_t> key = {c10::GradMode::is_enabled() ? 1 : 0};
  for (const at::Tensor& input : inputs) {
    if (!input.defined()) continue;
    key.push_back(static_cast<std::int64_t>(input.scalar_type()));
    key.push_back(input.dim());
    key.insert(key.end(), input.sizes().begin(), input.sizes().end());
  }
  return key;
}

PhaseCosts difference(const PhaseCosts& after, const PhaseCosts& before) {
  PhaseCosts costs;
  for (std::size_t phase = 0; phase < costs.size(); ++phase) {
    Cost::for_each_counter([&](auto counter) { costs[phase].*counter = after[phase].*counter - before[phase].*counter; });
  }
  return costs;
}

bool same_arithmetic(const PhaseCosts& a, const PhaseCosts& b) {
  for (std::size_t phase = 0; phase < a.size(); ++phase) {
    if (a[phase].macs != b[phase].macs || a[phase].flops != b[phase].flops ||
        a[phase].transcendentals != b[phase].transcendentals) {
      return false;
    }
  }
  return true;
}

}  // namespace

class StepMeter::Impl {
 public:
  explicit Impl(Options options, bool follows_interpreter = false) : options_(checked(std::move(options))) {
    dispatch::ensure_registered(options_.formulas);
    // Steps run inside of whatever guards there are: the deepest cached place, which these do not use.
    context_ = std::make_shared<Context>(options_.formulas, Context::Options{dispatch::kCachedDepths - 1, follows_interpreter});
  }

  Context& context() { return *context_; }
  const std::shared_ptr<Context>& shared_context() { return context_; }
  const Options& options() const { return options_; }

  // True if the step that begins is to be counted.
  bool begin(const std::vector<at::Tensor>& inputs) {
    if (is_open_) throw std::logic_error("torchtally::StepMeter::step: the last step has not ended yet; steps do not nest");
    current_ = &known_[describe(inputs)];
    const bool is_due = options_.every > 0 && current_->steps_since >= options_.every - 1;
    is_open_ = true;
    return !current_->costs.has_value() || is_due;
  }

  void end(bool counted, double seconds) {
    is_open_ = false;
    StepRecord record;
    record.step = last_.step + 1;
    record.seconds = seconds;
    record.peak_flops = options_.peak_flops;
    if (counted) {
      const PhaseCosts totals = context_->costs_by_phase();
      record.by_phase = difference(totals, counted_so_far_);
      counted_so_far_ = totals;
      record.differs = current_->costs.has_value() && !same_arithmetic(*current_->costs, record.by_phase);
      if (record.differs) ++differing_;
      current_->costs = record.by_phase;
      current_->steps_since = 0;
    } else {
      record.by_phase = *current_->costs;
      record.reused = true;
      ++current_->steps_since;
    }
    average(record);
    last_ = record;
    if (options_.on_step) {
      const PauseCounting pause;
      options_.on_step(last_);
    }
  }

  // Ends a step that failed: what it counted is part of no step.
  void fail(bool counted) {
    is_open_ = false;
    if (counted) counted_so_far_ = context_->costs_by_phase();
  }

  const StepRecord& last() const { return last_; }
  std::int64_t differing() const { return differing_; }

 private:
  struct Known {
    std::optional<PhaseCosts> costs;
    std::int64_t steps_since = 0;  // that were not counted
  };

  void average(StepRecord& record) const {
    const double flops = static_cast<double>(std::int64_t{record.model_flops()});
    const double rate = record.seconds > 0 ? flops / record.seconds : 0;
    const double old = last_.step == 0 ? 0 : options_.smoothing;
    record.average_seconds = old * last_.average_seconds + (1 - old) * record.seconds;
    record.average_model_flops = old * last_.average_model_flops + (1 - old) * rate;
  }

  const Options options_;
  std::shared_ptr<Context> context_;
  std::map<std::vector<std::int64_t>, Known> known_;
  Known* current_ = nullptr;
  bool is_open_ = false;
  PhaseCosts counted_so_far_;
  StepRecord last_;
  std::int64_t differing_ = 0;
};

struct StepMeter::Step::State {
  State(Impl& of, bool counts) : meter(of), exceptions_in_flight(std::uncaught_exceptions()) {
    if (counts) {
      meter.context().owners().follow_move();
      auto around = dispatch::key_is_active() ? dispatch::counting_position() : nullptr;
      auto position =
          std::make_shared<Position>(meter.shared_context(), attribution::kRootFrame, std::move(around), Position::Options());
      frame.emplace("StepMeter::Step", std::move(position), dispatch::ThreadFrame::Key::kCount);
      meter.context().places().leave_to(attribution::kRootFrame);
    }
    begin = Clock::now();
  }

  void close() {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    const bool counted = frame.has_value();
    const bool failed = has_failed || std::uncaught_exceptions() > exceptions_in_flight;
    try {
      if (counted) frame->close();
    } catch (...) {  // a guard was left open inside: the next step may begin nevertheless
      meter.fail(counted);
      throw;
    }
    if (failed) {
      meter.fail(counted);
    } else {
      meter.end(counted, seconds);
    }
  }

  Impl& meter;
  const int exceptions_in_flight;
  bool has_failed = false;
  std::optional<dispatch::ThreadFrame> frame;
  Clock::time_point begin;
};

StepMeter::Step::Step(Impl& meter, bool counts) : state_(std::make_unique<State>(meter, counts)) {}
StepMeter::Step::~Step() noexcept(false) { state_->close(); }
bool StepMeter::Step::is_counted() const { return state_->frame.has_value(); }
void StepMeter::Step::set_failed() { state_->has_failed = true; }

StepMeter::StepMeter() : StepMeter(Options()) {}
StepMeter::StepMeter(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
StepMeter::StepMeter(const torch::nn::Module& model) : StepMeter(model, Options()) {}
StepMeter::StepMeter(const torch::jit::Module& model) : StepMeter(model, Options()) {}
StepMeter::StepMeter(const torch::nn::Module& model, Options options) : StepMeter(std::move(options)) {
  dispatch::list_modules(model, impl_->context());
}
StepMeter::StepMeter(const torch::jit::Module& model, Options options)
    : impl_(std::make_unique<Impl>(std::move(options), /*follows_interpreter=*/true)) {
  dispatch::list_modules(model, impl_->context());
}
StepMeter::StepMeter(const ModuleList& model, Options options) : StepMeter(std::move(options)) {
  dispatch::list_modules(model, impl_->context());
}
StepMeter::~StepMeter() = default;

StepMeter::Step StepMeter::step(const std::vector<at::Tensor>& inputs) { return Step(*impl_, impl_->begin(inputs)); }
StepMeter::Step StepMeter::step() { return step({}); }

void StepMeter::forget(const void* module) { impl_->context().modules().forget(module); }

const StepRecord& StepMeter::last() const { return impl_->last(); }
Tally StepMeter::tally() const { return impl_->context().tally(); }
std::int64_t StepMeter::differing_steps() const { return impl_->differing(); }

}  // namespace torchtally
