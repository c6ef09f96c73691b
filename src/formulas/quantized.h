// The arithmetic around quantized numbers.
//
// Note [Quantized arithmetic]
// - To quantize is 5 per element: times the inverse of the scale, rounded, plus the zero point, a maximum and a minimum.
// - To dequantize is 2 per element: minus the zero point, times the scale.
// - A quantized elementwise operator dequantizes its inputs, works in floating point, and quantizes its output.
// - A product of quantized matrices is made of integer multiply-accumulates. Per output element: what the zero points add to the
//   sum is taken off, the bias added (packed parameters are taken to have one), and the sum quantized, or scaled where the output
//   is floating point.
// - A dynamically quantized operator first looks for minimum and maximum of its input (2 per element) and quantizes it.
// Kernels that work with fixed point instead do the same work in other operations.
#ifndef TORCHTALLY_SRC_FORMULAS_QUANTIZED_H_
#define TORCHTALLY_SRC_FORMULAS_QUANTIZED_H_

#include "formulas/building_blocks.h"

namespace torchtally::formulas {

inline constexpr int kQuantize = 5;
inline constexpr int kDequantize = 2;
inline constexpr int kRange = 2;

// Of quantized and integer types; 8-bit floating point is no number to calculate with either.
inline bool is_quantized(DType dtype) {
  return dtype != DType::kFloat16 && dtype != DType::kBFloat16 && dtype != DType::kFloat32 && dtype != DType::kFloat64;
}

}  // namespace torchtally::formulas

#endif  // TORCHTALLY_SRC_FORMULAS_QUANTIZED_H_
