#include <array>

#include "torchtally/step_meter.h"

namespace torchtally {
namespace {

// Dense tensor-core (or matrix-core) figures of the makers' data sheets, in TFLOP/s. A longer name comes before one that it
// contains.
struct Device {
  std::string_view name;
  double half;    // float16 and bfloat16
  double single;  // float32 as TF32 where there is one
  double eight;   // 8-bit floating point, 0 if there is none
};
constexpr std::array<Device, 14> kDevices = {{
    {"B200", 2250, 1125, 4500},
    {"H200", 989.4, 494.7, 1978.9},
    {"H100 PCIe", 756, 378, 1513},
    {"H100", 989.4, 494.7, 1978.9},
    {"A100", 312, 156, 0},
    {"A10G", 70, 35, 0},
    {"A10", 125, 62.5, 0},
    {"L40S", 362, 183, 733},
    {"L4", 121, 60, 242},
    {"V100", 125, 15.7, 0},
    {"T4", 65, 8.1, 0},
    {"MI300X", 1307.4, 653.7, 2614.9},
    {"MI250X", 383, 95.7, 0},
    {"RTX 4090", 165.2, 82.6, 330.3},
}};

}  // namespace

double known_peak(std::string_view device, DType dtype) {
  constexpr double kTera = 1e12;
  for (const Device& known : kDevices) {
    if (device.find(known.name) == std::string_view::npos) continue;
    if (dtype == DType::kFloat16 || dtype == DType::kBFloat16) return known.half * kTera;
    if (dtype == DType::kFloat32) return known.single * kTera;
    const bool is_eight = dtype == DType::kFloat8E4M3FN || dtype == DType::kFloat8E5M2;
    return is_eight ? known.eight * kTera : 0;
  }
  return 0;
}

}  // namespace torchtally
