#include "torchtally/step_record.h"

namespace torchtally {

Cost StepRecord::total() const {
  Cost sum;
  for (const Cost& cost : by_phase) sum += cost;
  return sum;
}

Count StepRecord::model_flops() const { return (total().unmasked_macs() - in(Phase::kRecompute).unmasked_macs()) * 2; }

Count StepRecord::hardware_flops() const { return total().matmul_flops(); }

double StepRecord::flops_per_second() const {
  return seconds > 0 ? static_cast<double>(std::int64_t{total().flops}) / seconds : 0;
}

double StepRecord::mfu() const {
  return seconds > 0 && peak_flops > 0 ? static_cast<double>(std::int64_t{model_flops()}) / seconds / peak_flops : 0;
}

double StepRecord::hfu() const {
  return seconds > 0 && peak_flops > 0 ? static_cast<double>(std::int64_t{hardware_flops()}) / seconds / peak_flops : 0;
}

}  // namespace torchtally
