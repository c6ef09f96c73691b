#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>

#include "dispatch/device_queue.h"
#include "torchtally/counting_guard.h"
#include "torchtally/step_meter.h"

namespace torchtally {

double measure_peak(DType dtype, double seconds, std::int64_t size, std::string_view device_name) {
  using Clock = std::chrono::steady_clock;
  constexpr int kAtLeast = 3;
  if (dtype != DType::kFloat32 && dtype != DType::kFloat64 && dtype != DType::kBFloat16 && dtype != DType::kFloat16) {
    throw std::invalid_argument("torchtally::measure_peak: " + std::string(dtype_name(dtype)) +
                                " has no matrix product to measure; use float32, float64, bfloat16 or float16");
  }
  if (size < 0) throw std::invalid_argument("torchtally::measure_peak: the size of the matrices is negative");
  const c10::Device device{std::string(device_name)};
  if (size == 0) size = device.is_cpu() ? 1024 : 8192;
  const PauseCounting pause;
  const at::NoGradGuard no_graph;
  // Not ones: a device that has fewer bits to switch draws less power, and runs faster than it will.
  const at::Tensor a = at::randn({size, size}, at::TensorOptions(device)).to(static_cast<at::ScalarType>(dtype));
  at::Tensor result = at::empty_like(a);
  const auto multiply = [&] {
    at::mm_out(result, a, a);
    dispatch::wait_for(a.device());
  };
  multiply();  // allocates, starts threads
  double shortest = std::numeric_limits<double>::infinity();
  const auto begin = Clock::now();
  for (int i = 0; i < kAtLeast || std::chrono::duration<double>(Clock::now() - begin).count() < seconds; ++i) {
    const auto start = Clock::now();
    multiply();
    shortest = std::min(shortest, std::chrono::duration<double>(Clock::now() - start).count());
  }
  const auto n = static_cast<double>(size);
  return 2 * n * n * n / shortest;
}

}  // namespace torchtally
