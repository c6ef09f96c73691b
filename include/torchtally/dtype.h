// DType and DeviceType: element and device types without LibTorch, so that formulas and reports build without it.
#ifndef TORCHTALLY_DTYPE_H_
#define TORCHTALLY_DTYPE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "torchtally/export.h"

namespace torchtally {

// The numbers are those of c10::ScalarType (the dispatch layer asserts it), so that a conversion costs nothing.
enum class DType : std::uint8_t {
  kUInt8 = 0,
  kInt8 = 1,
  kInt16 = 2,
  kInt32 = 3,
  kInt64 = 4,
  kFloat16 = 5,
  kFloat32 = 6,
  kFloat64 = 7,
  kComplex32 = 8,
  kComplex64 = 9,
  kComplex128 = 10,
  kBool = 11,
  kQInt8 = 12,
  kQUInt8 = 13,
  kQInt32 = 14,
  kBFloat16 = 15,
  kQUInt4x2 = 16,
  kQUInt2x4 = 17,
  kBits1x8 = 18,
  kBits2x4 = 19,
  kBits4x2 = 20,
  kBits8 = 21,
  kBits16 = 22,
  kFloat8E5M2 = 23,
  kFloat8E4M3FN = 24,
  kFloat8E5M2FNUZ = 25,
  kFloat8E4M3FNUZ = 26,
  kUInt16 = 27,
  kUInt32 = 28,
  kUInt64 = 29,
  kUInt1 = 30,
  kUInt7 = 36,
  kInt1 = 37,
  kInt7 = 43,
  kFloat8E8M0FNU = 44,
  kFloat4E2M1FNx2 = 45,
  kUndefined = 255,
};

// Bytes of one stored element (packed sub-byte types: of the byte that holds several); 0 for kUndefined.
constexpr int element_size(DType dtype) {
  // Of the types up to kUInt64, by number; the others are a byte.
  constexpr std::uint8_t kSizes[] = {1, 1, 2, 4, 8, 2, 4, 8, 4, 8, 16, 1, 1, 1, 4, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 4, 8};
  const auto number = static_cast<std::size_t>(dtype);
  if (number < sizeof(kSizes)) return kSizes[number];
  return dtype == DType::kUndefined ? 0 : 1;
}

// "float32", "bfloat16", ... as PyTorch spells them.
TORCHTALLY_API std::string_view dtype_name(DType dtype);

// The type of that name, as dtype_name() gives it; nothing if there is none.
TORCHTALLY_API std::optional<DType> dtype_from_name(std::string_view name);

constexpr bool is_floating_point(DType dtype) {
  return (dtype >= DType::kFloat16 && dtype <= DType::kFloat64) || dtype == DType::kBFloat16 ||
         (dtype >= DType::kFloat8E5M2 && dtype <= DType::kFloat8E4M3FNUZ) || dtype == DType::kFloat8E8M0FNU ||
         dtype == DType::kFloat4E2M1FNx2;
}

constexpr bool is_complex(DType dtype) { return dtype >= DType::kComplex32 && dtype <= DType::kComplex128; }

enum class DeviceType : std::uint8_t { kCpu, kCuda, kMeta, kOther };

}  // namespace torchtally

#endif  // TORCHTALLY_DTYPE_H_
