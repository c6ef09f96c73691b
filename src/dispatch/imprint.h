// Imprint: all that a built-in formula can see of values, in few words, for a comparison with those of another call. Of the
// values themselves, not of a hash: it can't take one call for another.
//
// Note [Words of an imprint]
// Every value begins with a word that says what it is (Head); what does not fit in there follows:
//   a tensor              its sizes; its strides too, unless it is contiguous
//   an integer, a number  64 bits in two words
//   a list of tensors     each of them, as above
//   another list          its elements, as above without a head; booleans and characters one word each
// Not the device: no built-in formula reads it, which formulas_read_no_device in tests/formulas watches over. And no values that
// 32 bits do not hold, no tensors without strides, no packed weights: what has such values has no imprint, and is counted anew.
#ifndef TORCHTALLY_SRC_DISPATCH_IMPRINT_H_
#define TORCHTALLY_SRC_DISPATCH_IMPRINT_H_

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "absl/types/span.h"
#include "dispatch/call_view.h"
#include "dispatch/typed_argument.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

using ImprintWord = std::uint32_t;

// Appends the values' imprint. False if one of them has none.
bool append_imprint(absl::Span<const Argument> values, std::vector<ImprintWord>& words);

// Note [Numbers alike]
// Adam's step size and bias corrections are others in every step. No built-in formula tells two numbers apart that lie between
// the same two integers (tests/dispatch/numbers_alike_test.cpp): it asks for a factor other than 1, an exponent of 2, an order
// below 2.
C10_ALWAYS_INLINE bool are_alike(double a, double b) {
  if (a == b) return true;
  constexpr double kLargest = 1e15;  // beyond it, and for what is no number, the casts below mean nothing
  if (!(a < kLargest && a > -kLargest && b < kLargest && b > -kLargest) || (a < 0) != (b < 0)) return false;
  const auto whole_a = static_cast<std::int64_t>(a);
  const auto whole_b = static_cast<std::int64_t>(b);
  return whole_a == whole_b && a != static_cast<double>(whole_a) && b != static_cast<double>(whole_b);
}

// The first word of a value.
class Head {
 public:
  using Kind = Argument::Kind;
  static constexpr std::size_t kMostDims = 255;

  constexpr explicit Head(ImprintWord word) : word_(word) {}
  static constexpr Head of(Kind kind) { return Head(static_cast<ImprintWord>(kind)); }
  static constexpr Head of(bool value) { return Head(static_cast<ImprintWord>(Kind::kBool) | ImprintWord{value} << kShift); }
  static constexpr Head of_list(Kind kind, std::size_t count) {
    return Head(static_cast<ImprintWord>(kind) | static_cast<ImprintWord>(count) << kShift);
  }
  static constexpr Head of_tensor(at::ScalarType dtype, std::size_t dim) {
    return Head(static_cast<ImprintWord>(Kind::kTensor) | static_cast<ImprintWord>(static_cast<std::uint8_t>(dtype)) << kShift |
                static_cast<ImprintWord>(dim) << kDimShift);
  }
  constexpr Head contiguous() const { return Head(word_ | kContiguous); }

  constexpr ImprintWord word() const { return word_; }
  constexpr Kind kind() const { return static_cast<Kind>(word_ & 0xFF); }
  constexpr std::size_t count() const { return word_ >> kShift; }
  constexpr at::ScalarType dtype() const { return static_cast<at::ScalarType>((word_ >> kShift) & 0xFF); }
  constexpr std::size_t dim() const { return (word_ >> kDimShift) & 0xFF; }
  constexpr bool is_contiguous() const { return (word_ & kContiguous) != 0; }

  friend constexpr bool operator==(Head a, Head b) { return a.word_ == b.word_; }
  friend constexpr bool operator!=(Head a, Head b) { return a.word_ != b.word_; }

 private:
  static constexpr int kShift = 8;
  static constexpr int kDimShift = 16;
  static constexpr ImprintWord kContiguous = ImprintWord{1} << 24;
  ImprintWord word_;
};

// Goes through an imprint, value by value. After a value that does not match it stands nowhere.
class ImprintReader {
 public:
  explicit ImprintReader(const ImprintWord* next) : next_(next) {}

  // A typed argument or result.
  template <typename T>
  C10_ALWAYS_INLINE bool matches(const T& value) {
    using Kind = Head::Kind;
    if constexpr (typed_argument::IsOptional<T>::value) {
      return value.has_value() ? matches(*value) : next_head() == Head::of(Kind::kNone);
    } else if constexpr (std::is_same_v<T, at::Tensor>) {
      return matches(*value.unsafeGetTensorImpl());
    } else if constexpr (typed_argument::IsTensorList<T>::value) {
      if (next_head() != Head::of_list(Kind::kTensorList, value.size())) return false;
      for (const at::Tensor& tensor : value) {
        if (!matches(tensor)) return false;
      }
      return true;
    } else if constexpr (std::is_same_v<T, c10::List<compat::optional<at::Tensor>>>) {
      return false;
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
      return next_head() == Head::of(Kind::kInt) && next_integer() == value;
    } else if constexpr (std::is_same_v<T, bool>) {
      return next_head() == Head::of(value);
    } else if constexpr (std::is_same_v<T, double>) {
      return next_head() == Head::of(Kind::kFloat) && are_alike(next_number(), value);
    } else if constexpr (std::is_same_v<T, c10::Scalar>) {
      // Without a conversion where that can be: it is a call.
      if (C10_LIKELY(value.isIntegral(false))) return next_head() == Head::of(Kind::kInt) && value.equal(next_integer());
      return matches_view_of(value);
    } else {
      return matches_view_of(value);
    }
  }

  C10_ALWAYS_INLINE bool matches(const c10::TensorImpl& impl) {
    const Head head = next_head();
    if (C10_UNLIKELY(head.kind() != Head::Kind::kTensor)) return head.kind() == Head::Kind::kNone && is_undefined(impl);
    if (C10_UNLIKELY(!impl.dtype().isScalarType(head.dtype()) || !is_plain(impl))) return false;
    const c10::IntArrayRef sizes = impl.sizes();
    const std::size_t dim = head.dim();
    if (C10_UNLIKELY(sizes.size() != dim) || C10_UNLIKELY(!matches(sizes.data(), dim))) return false;
    return C10_LIKELY(head.is_contiguous()) ? impl.is_contiguous() : matches(impl.strides().data(), dim);
  }

  // Of the tensor that comes next.
  C10_ALWAYS_INLINE at::ScalarType next_dtype() { return next_head().dtype(); }

  // A boxed value. Nothing is converted, and no reference is taken.
  C10_ALWAYS_INLINE bool matches(const c10::IValue& value) {
    return C10_LIKELY(value.isTensor()) ? matches(*value.unsafeToTensorImpl()) : matches_other(value);
  }
  // The last `count` values of a stack.
  C10_ALWAYS_INLINE bool matches(const torch::jit::Stack& stack, std::size_t count) {
    const c10::IValue* const end = stack.data() + stack.size();
    for (const c10::IValue* value = end - count; value != end; ++value) {
      if (!matches(*value)) return false;
    }
    return true;
  }

 private:
  static bool is_undefined(const c10::TensorImpl& impl) { return &impl == c10::UndefinedTensorImpl::singleton(); }

  C10_ALWAYS_INLINE Head next_head() { return Head(*next_++); }
  template <typename T>
  C10_ALWAYS_INLINE T next_64_bits() {
    static_assert(sizeof(T) == 2 * sizeof(ImprintWord));
    T value;
    std::memcpy(&value, next_, sizeof(T));
    next_ += 2;
    return value;
  }
  C10_ALWAYS_INLINE std::int64_t next_integer() { return next_64_bits<std::int64_t>(); }
  C10_ALWAYS_INLINE double next_number() { return next_64_bits<double>(); }

  // Sizes or strides.
  C10_ALWAYS_INLINE bool matches(const std::int64_t* values, std::size_t count) {
    const ImprintWord* const words = next_;
    next_ += count;
    for (std::size_t i = 0; i < count; ++i) {
      if (C10_UNLIKELY(values[i] != std::int64_t{words[i]})) return false;
    }
    return true;
  }

  // Rarer types, by way of their view.
  template <typename T>
  [[gnu::noinline]] bool matches_view_of(const T& value) {
    CallArena arena;
    return matches_argument(borrow_argument(value, arena));
  }
  // Of arguments that hold no tensors.
  bool matches_argument(const Argument& argument);
  bool matches_other(const c10::IValue& value);
  // `is_same`: whether an element, head excluded where its kind has none, comes next.
  template <typename List, typename IsSame>
  bool matches_list(Head::Kind kind, const List& list, const IsSame& is_same);

  const ImprintWord* next_;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_IMPRINT_H_
