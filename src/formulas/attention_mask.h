// Which pairs of a query and a key attention leaves out: all that can be known of a mask without looking into one.
#ifndef TORCHTALLY_SRC_FORMULAS_ATTENTION_MASK_H_
#define TORCHTALLY_SRC_FORMULAS_ATTENTION_MASK_H_

#include <algorithm>
#include <cstdint>
#include <optional>

#include "torchtally/count.h"

namespace torchtally::formulas {

// Where the diagonal starts, along which masks run.
enum class Diagonal : std::uint8_t {
  kTopLeft,      // query i stands at key i
  kBottomRight,  // the last query stands at the last key
};

// Query i, which stands at key d, sees the keys from d - left to d + right. What is not there is not bounded.
struct Mask {
  Diagonal diagonal = Diagonal::kTopLeft;
  std::optional<std::int64_t> left;
  std::optional<std::int64_t> right;
};

namespace mask_detail {

// Longer sequences have no mask worth counting, and differences of shorter ones stay in range.
inline constexpr std::int64_t kLongest = std::int64_t{1} << 40;

// Pairs with key <= query + shift.
inline Count pairs_up_to(std::int64_t queries, std::int64_t keys, std::int64_t shift) {
  if (queries <= 0 || keys <= 0) return 0;
  const std::int64_t none_before = std::clamp<std::int64_t>(-shift, 0, queries);
  const std::int64_t all_from = std::clamp<std::int64_t>(keys - shift - 1, none_before, queries);
  // Between them query i sees i + shift + 1 keys: an arithmetic series, whose first and last term times its length is even.
  const std::int64_t length = all_from - none_before;
  const std::int64_t ends = none_before + all_from + 1 + 2 * shift;
  const Count between = length % 2 == 0 ? Count(length / 2) * ends : Count(length) * (ends / 2);
  return (length > 0 ? between : Count(0)) + Count(queries - all_from) * keys;
}

}  // namespace mask_detail

// Pairs that the mask leaves out, of queries * keys.
inline Count masked_pairs(std::int64_t queries, std::int64_t keys, const Mask& mask) {
  using mask_detail::kLongest;
  if (queries >= kLongest || keys >= kLongest) return 0;
  const std::int64_t start = mask.diagonal == Diagonal::kBottomRight ? keys - queries : 0;
  const auto bound = [](std::int64_t width) { return std::min(width, kLongest); };
  Count masked;
  // Keys after the window are, seen from the other end of both sequences, keys before one.
  if (mask.right) masked += mask_detail::pairs_up_to(queries, keys, keys - queries - (start + bound(*mask.right)) - 1);
  if (mask.left) masked += mask_detail::pairs_up_to(queries, keys, start - bound(*mask.left) - 1);
  return masked;
}

}  // namespace torchtally::formulas

#endif  // TORCHTALLY_SRC_FORMULAS_ATTENTION_MASK_H_
