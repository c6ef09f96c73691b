// StepMeter: what every step of a training loop computes, for which phase, how fast, and how far from the machine's peak.
//
//   torchtally::StepMeter::Options options;
//   options.peak_flops = torchtally::measure_peak();
//   options.every = 10;                                       // count every tenth step, and every new size of the inputs
//   torchtally::StepMeter meter(*model, options);
//   for (auto& batch : *loader) {
//     auto step = meter.step({batch.data});                   // RAII
//     optimizer.zero_grad();
//     loss_of(batch).backward();
//     optimizer.step();
//   }
//   std::cerr << torchtally::to_progress(meter.last()) << "\n";
//
// A step may hold several forwards and backwards (gradient accumulation), AMP, whatever: what runs while it is alive is part of
// it. What runs between two steps is not. For evaluation inside of a step there is PhaseScope.
//
// Count some, know all: a step that is not counted costs nothing but the time of two clock readings; it is given the counts of
// the last counted step with inputs of the same sizes and types, and says so. Where the counts of such inputs change, the next
// step that is counted says that too (StepRecord::differs).
//
// Seconds are those between the step's begin and end on its thread. On a device that works asynchronously that is right on
// average, or for each step if it ends with something that waits for the device (reading the loss).
//
// Errors: std::invalid_argument for options that make no sense; std::logic_error for a step inside of a step of the same meter;
// GuardMisuse as for CountingGuard; what on_step throws, from the end of the step.
// Thread-safety: a meter belongs to one thread at a time; its steps count what that thread's work reaches, as a CountingGuard.
#ifndef TORCHTALLY_STEP_METER_H_
#define TORCHTALLY_STEP_METER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "torchtally/dtype.h"
#include "torchtally/export.h"
#include "torchtally/formula.h"
#include "torchtally/module_list.h"
#include "torchtally/step_record.h"
#include "torchtally/tally.h"
#include "torchtally/torch_forward.h"

namespace torchtally {

class TORCHTALLY_API StepMeter {
  class Impl;

 public:
  struct Options {
    // Of the machine, in FLOPs per second: measured, known_peak(), or a figure of one's own. 0: not known.
    double peak_flops = 0;
    // 1: every step is counted. n: every nth step of inputs of the same sizes is. 0: the first of them only.
    int every = 1;
    // Weight of the past in the moving averages, 0 to 1 (not included).
    double smoothing = 0.9;
    FormulaSet formulas = FormulaSet::builtin();
    // Called at the end of each step, not counted.
    std::function<void(const StepRecord&)> on_step;
  };

  StepMeter();
  explicit StepMeter(Options options);
  // The model must outlive the meter.
  explicit StepMeter(const torch::nn::Module& model);
  explicit StepMeter(const torch::jit::Module& model);
  StepMeter(const torch::nn::Module& model, Options options);
  StepMeter(const torch::jit::Module& model, Options options);
  // A model of another language. Its modules must outlive the meter, or be forgotten.
  StepMeter(const ModuleList& model, Options options);
  ~StepMeter();
  StepMeter(const StepMeter&) = delete;
  StepMeter& operator=(const StepMeter&) = delete;

  // A step that an exception ends is not recorded.
  class [[nodiscard]] TORCHTALLY_API Step {
   public:
    ~Step() noexcept(false);
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    bool is_counted() const;
    // The step has failed, and no exception of C++'s is in flight that shows it: it is not recorded.
    void set_failed();

   private:
    friend class StepMeter;
    explicit Step(Impl& meter, bool counts);
    struct State;
    std::unique_ptr<State> state_;
  };

  // `inputs`: the tensors whose sizes and types the counts depend on. Without them all steps are taken for alike.
  [[nodiscard]] Step step(const std::vector<at::Tensor>& inputs);
  [[nodiscard]] Step step();

  // A module that was listed, or that a ModuleScope met, is gone: what comes to be at its address is another one. For modules
  // that do not live as long as the meter; from any thread, while no step is open.
  void forget(const void* module);

  // Of the last step that ended. Before the first one: all zero.
  const StepRecord& last() const;
  // Of the steps that were counted, by module, operator, phase and type; with what those had counted that an exception ended.
  Tally tally() const;
  // Steps whose counts differ from what had been reused for them.
  std::int64_t differing_steps() const;

 private:
  std::unique_ptr<Impl> impl_;
};

// FLOPs per second that a product of square matrices of random numbers reaches on `device` ("cpu", with the threads that LibTorch
// uses; "cuda", "cuda:1"): the best of about `seconds` of trying, of three at least. Not counted by any guard. `size`: rows of
// the matrices; 0: 1,024 on the CPU, 8,192 elsewhere. Types: float32, float64, bfloat16, float16. Errors: std::invalid_argument
// for another type or a size below 0; c10::Error for a device that is not there.
TORCHTALLY_API double measure_peak(DType dtype = DType::kFloat32, double seconds = 0.3, std::int64_t size = 0,
                                   std::string_view device = "cpu");

// What the maker's data sheet gives for dense matrix products, in FLOPs per second; 0 if the device or the type is not known.
// `device`: as the driver names it, "NVIDIA H100 80GB HBM3"; found by the model's name in it, as whole words. float32 means the
// tensor cores' reduced precision where it is usual for training (TF32).
TORCHTALLY_API double known_peak(std::string_view device, DType dtype);

}  // namespace torchtally

#endif  // TORCHTALLY_STEP_METER_H_
