#include <array>

#include "torchtally/step_meter.h"

namespace torchtally {
namespace {

// Dense tensor-core (or matrix-core) figures of the makers' data sheets, in TFLOP/s; 0: none, or not known. A longer name comes
// before one that it contains: a slower variant must not pass for the model whose name it bears.
struct Device {
  std::string_view name;
  double half;    // float16
  double brain;   // bfloat16
  double single;  // float32 as TF32 where there is one
  double eight;   // 8-bit floating point
};
constexpr std::array<Device, 19> kDevices = {{
    {"B200", 2250, 2250, 1125, 4500},
    {"H200 NVL", 0, 0, 0, 0},
    {"H200", 989.4, 989.4, 494.7, 1978.9},
    {"H100 NVL", 0, 0, 0, 0},
    {"H100 PCIe", 756, 756, 378, 1513},
    {"H100", 989.4, 989.4, 494.7, 1978.9},
    {"A100", 312, 312, 156, 0},
    {"A10G", 70, 70, 35, 0},
    {"A10", 125, 125, 62.5, 0},
    {"L40S", 362.05, 362.05, 183, 733},
    {"L40", 181.05, 181.05, 90.5, 362},
    {"L4", 121, 121, 60, 242},
    {"V100", 125, 0, 15.7, 0},
    {"T4", 65, 0, 8.1, 0},
    {"MI300X", 1307.4, 1307.4, 653.7, 2614.9},
    {"MI250X", 383, 383, 95.7, 0},
    {"RTX 4090 D", 0, 0, 0, 0},
    {"RTX 4090 Laptop", 0, 0, 0, 0},
    {"RTX 4090", 165.2, 165.2, 82.6, 330.3},
}};

bool is_word_character(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// "A100" is in "NVIDIA A100-SXM4-80GB", and not in "NVIDIA RTX A1000".
bool has_words(std::string_view text, std::string_view words) {
  for (std::size_t at = text.find(words); at != std::string_view::npos; at = text.find(words, at + 1)) {
    const std::size_t end = at + words.size();
    const bool begins = at == 0 || !is_word_character(text[at - 1]);
    const bool ends = end == text.size() || !is_word_character(text[end]);
    if (begins && ends) return true;
  }
  return false;
}

double teraflops(const Device& device, DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return device.half;
    case DType::kBFloat16:
      return device.brain;
    case DType::kFloat32:
      return device.single;
    case DType::kFloat8E4M3FN:
    case DType::kFloat8E5M2:
      return device.eight;
    default:
      return 0;
  }
}

}  // namespace

double known_peak(std::string_view device, DType dtype) {
  constexpr double kTera = 1e12;
  for (const Device& known : kDevices) {
    if (has_words(device, known.name)) return teraflops(known, dtype) * kTera;
  }
  return 0;
}

}  // namespace torchtally
