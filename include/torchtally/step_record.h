// StepRecord: what one training step computed, and how fast. A plain value; StepMeter (step_meter.h) makes it.
//
// Note [Model FLOPs and hardware FLOPs]
// Both are those of matrix products and convolutions alone, 2 per multiply-accumulate, because that is what a machine's peak is
// given in.
// - hardware: all that ran.
// - model: what the step has to compute: without recomputation, and of masked attention what the mask leaves.
// MFU and HFU are these by the seconds of the step and the peak. (A fused attention backward recomputes scores inside of one
// operator: that part is in both.)
#ifndef TORCHTALLY_STEP_RECORD_H_
#define TORCHTALLY_STEP_RECORD_H_

#include <array>
#include <cstdint>
#include <string>

#include "torchtally/cost.h"
#include "torchtally/export.h"
#include "torchtally/phase.h"

namespace torchtally {

struct TORCHTALLY_API StepRecord {
  std::int64_t step = 0;  // from 1
  double seconds = 0;
  // Of the steps so far, the later ones weighing more: moving averages. After one step its own.
  double average_seconds = 0;
  double average_model_flops = 0;  // per second
  double peak_flops = 0;           // per second; 0 if it is not known

  // By number of the phase.
  std::array<Cost, kPhases.size()> by_phase;
  // Not counted: by_phase is what an earlier step with inputs of the same sizes has had.
  bool reused = false;
  // Counted, and the arithmetic is not what had been counted for inputs of these sizes before: steps that reused that, reused it
  // wrongly. Sizes are not all that it depends on (control flow, the first step of an optimizer).
  bool differs = false;

  const Cost& in(Phase phase) const { return by_phase[static_cast<std::size_t>(phase)]; }
  Cost total() const;
  Count model_flops() const;
  Count hardware_flops() const;
  // Achieved, all arithmetic: Cost::flops by seconds. 0 if no time has passed.
  double flops_per_second() const;
  // 0 to 1; 0 if the peak is not known.
  double mfu() const;
  double hfu() const;
};

// "step 120  35.1 ms  3.628 GFLOP (33 % forward, 66 % backward, 0 % optimizer)  103.4 GFLOP/s  MFU 34.2 %  HFU 34.2 %", without
// an end of line. Says "reused" or "DIFFERS" where the record does.
TORCHTALLY_API std::string to_progress(const StepRecord& record);

// One JSON object on one line, with the end of line: schema torchtally.step/1, docs/json.md.
TORCHTALLY_API std::string to_json_line(const StepRecord& record);

}  // namespace torchtally

#endif  // TORCHTALLY_STEP_RECORD_H_
