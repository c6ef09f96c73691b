// Count: a 64-bit counter that saturates instead of wrapping.
//
// The product of a few tensor sizes leaves the range of 64 bits sooner than one thinks. A Count that does so sticks at
// Count::kMax for good, and saturated() tells, so that a report can say "at least" instead of printing nonsense.
//
//   torchtally::Count macs = call.tensor(0).size(0);
//   macs *= call.tensor(1).numel();   // checked
//   if (macs.saturated()) { ... }
//
// A Count converts to and from std::int64_t, so that it compares and prints like a number. Sums and products with a Count on
// either side are checked; differences and quotients are those of std::int64_t (they cannot leave its range for counts).
// A negative value is not a count and becomes 0. Not for: arithmetic that may go below zero.
//
// Thread-safety: a plain value.
#ifndef TORCHTALLY_COUNT_H_
#define TORCHTALLY_COUNT_H_

#include <cstdint>
#include <limits>
#include <type_traits>

namespace torchtally {

class Count {
 public:
  static constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

  constexpr Count() = default;
  // Implicit both ways: a Count is a number whose sums and products are checked, not another kind of thing.
  template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
  constexpr Count(Integer value) : value_(clamp(value)) {}    // NOLINT(google-explicit-constructor)
  constexpr operator std::int64_t() const { return value_; }  // NOLINT(google-explicit-constructor)

  constexpr bool saturated() const { return value_ == kMax; }

  constexpr Count& operator+=(Count other) {
    std::int64_t sum = 0;
    value_ = __builtin_add_overflow(value_, other.value_, &sum) ? kMax : sum;
    return *this;
  }

  // A saturated factor stays saturated: kMax times 1 is kMax, times more overflows. Only nothing times anything is nothing.
  constexpr Count& operator*=(Count other) {
    std::int64_t product = 0;
    value_ = __builtin_mul_overflow(value_, other.value_, &product) ? kMax : product;
    return *this;
  }

  friend constexpr Count operator+(Count a, Count b) { return a += b; }
  friend constexpr Count operator*(Count a, Count b) { return a *= b; }

  // With a built-in integer on one side the exact match below wins over the built-in, unchecked operators.
  template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
  friend constexpr Count operator+(Count a, Integer b) {
    return a += Count(b);
  }
  template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
  friend constexpr Count operator+(Integer a, Count b) {
    return b += Count(a);
  }
  template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
  friend constexpr Count operator*(Count a, Integer b) {
    return a *= Count(b);
  }
  template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
  friend constexpr Count operator*(Integer a, Count b) {
    return b *= Count(a);
  }

 private:
  template <typename Integer>
  static constexpr std::int64_t clamp(Integer value) {
    if constexpr (std::is_signed_v<Integer>) {
      return value < 0 ? 0 : static_cast<std::int64_t>(value);
    } else {
      return static_cast<std::uint64_t>(value) > static_cast<std::uint64_t>(kMax) ? kMax : static_cast<std::int64_t>(value);
    }
  }

  std::int64_t value_ = 0;
};

}  // namespace torchtally

#endif  // TORCHTALLY_COUNT_H_
