#include <ATen/core/Tensor.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

#include "torchtally/counting_guard.h"
#include "torchtally/step_meter.h"

namespace torchtally {

double measure_peak(DType dtype, double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr std::int64_t kSize = 1024;
  constexpr double kFlops = 2.0 * kSize * kSize * kSize;
  if (dtype != DType::kFloat32 && dtype != DType::kFloat64 && dtype != DType::kBFloat16 && dtype != DType::kFloat16) {
    throw std::invalid_argument("torchtally::measure_peak: " + std::string(dtype_name(dtype)) +
                                " has no matrix product to measure; use float32, float64, bfloat16 or float16");
  }
  const PauseCounting pause;
  const c10::InferenceMode no_graph;
  const at::Tensor a = at::ones({kSize, kSize}, at::TensorOptions(static_cast<at::ScalarType>(dtype)));
  double best = 0;
  const auto begin = Clock::now();
  do {
    const auto start = Clock::now();
    at::mm(a, a);
    best = std::max(best, kFlops / std::chrono::duration<double>(Clock::now() - start).count());
  } while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds);
  return best;
}

}  // namespace torchtally
