#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>

#include "torchtally/counting_guard.h"
#include "torchtally/step_meter.h"

namespace torchtally {

double measure_peak(DType dtype, double seconds, std::int64_t size) {
  using Clock = std::chrono::steady_clock;
  constexpr int kAtLeast = 3;
  if (dtype != DType::kFloat32 && dtype != DType::kFloat64 && dtype != DType::kBFloat16 && dtype != DType::kFloat16) {
    throw std::invalid_argument("torchtally::measure_peak: " + std::string(dtype_name(dtype)) +
                                " has no matrix product to measure; use float32, float64, bfloat16 or float16");
  }
  if (size <= 0) throw std::invalid_argument("torchtally::measure_peak: the size of the matrices is not positive");
  const PauseCounting pause;
  const at::NoGradGuard no_graph;
  const at::Tensor a = at::ones({size, size}, at::TensorOptions(static_cast<at::ScalarType>(dtype)));
  at::Tensor result = at::empty_like(a);
  at::mm_out(result, a, a);  // allocates, starts threads
  double shortest = std::numeric_limits<double>::infinity();
  const auto begin = Clock::now();
  for (int i = 0; i < kAtLeast || std::chrono::duration<double>(Clock::now() - begin).count() < seconds; ++i) {
    const auto start = Clock::now();
    at::mm_out(result, a, a);
    shortest = std::min(shortest, std::chrono::duration<double>(Clock::now() - start).count());
  }
  const auto n = static_cast<double>(size);
  return 2 * n * n * n / shortest;
}

}  // namespace torchtally
