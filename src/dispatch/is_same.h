// is_same: whether a value of a call is, in all that a formula can see of it, the one that is remembered.
#ifndef TORCHTALLY_SRC_DISPATCH_IS_SAME_H_
#define TORCHTALLY_SRC_DISPATCH_IS_SAME_H_

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue_inl.h>
#include <ATen/core/stack.h>

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "absl/types/span.h"
#include "dispatch/call_view.h"
#include "dispatch/typed_argument.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

// But for the device: no built-in formula reads it, which formulas_read_no_device in tests/formulas watches over.
// `kept` has sizes and strides; a tensor that has not is never the same.
C10_ALWAYS_INLINE bool is_same(const TensorView& kept, const c10::TensorImpl& impl) {
  if (!impl.dtype().isScalarType(static_cast<at::ScalarType>(kept.dtype())) || !is_plain(impl)) return false;
  const c10::IntArrayRef sizes = impl.sizes();
  const std::int64_t* const strides = impl.strides().data();
  const std::int64_t* const kept_sizes = kept.sizes().data();
  const std::int64_t* const kept_strides = kept.strides().data();
  const auto dim = static_cast<std::size_t>(kept.dim());
  if (sizes.size() != dim) return false;
  for (std::size_t d = 0; d < dim; ++d) {
    if (kept_sizes[d] != sizes.data()[d] || kept_strides[d] != strides[d]) return false;
  }
  return true;
}

C10_ALWAYS_INLINE bool is_same(const TensorView& kept, const at::Tensor& tensor) {
  return C10_LIKELY(kept.defined()) ? is_same(kept, *tensor.unsafeGetTensorImpl()) : !tensor.defined();
}

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

// Of arguments that hold no tensors.
bool is_same(const Argument& kept, const Argument& argument);

// Rarer types, by way of their view.
template <typename T>
[[gnu::noinline]] bool is_same_as_view(const Argument& kept, const T& value) {
  CallArena arena;
  return is_same(kept, borrow_argument(value, arena));
}

// A typed argument or result.
template <typename T>
C10_ALWAYS_INLINE bool is_same(const Argument& kept, const T& value) {
  if constexpr (typed_argument::IsOptional<T>::value) {
    return value.has_value() ? is_same(kept, *value) : kept.is_none();
  } else if constexpr (std::is_same_v<T, at::Tensor>) {
    return kept.kind() == Argument::Kind::kTensor ? is_same(kept.tensor(), *value.unsafeGetTensorImpl()) : !value.defined();
  } else if constexpr (typed_argument::IsTensorList<T>::value) {
    const auto tensors = kept.tensors();
    std::size_t i = 0;
    if (kept.kind() != Argument::Kind::kTensorList || tensors.size() != value.size()) return false;
    for (const at::Tensor& tensor : value) {
      if (!is_same(tensors[i++], tensor)) return false;
    }
    return true;
  } else if constexpr (std::is_same_v<T, c10::List<compat::optional<at::Tensor>>>) {
    return false;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return kept.kind() == Argument::Kind::kInt && kept.to_int() == value;
  } else if constexpr (std::is_same_v<T, bool>) {
    return kept.kind() == Argument::Kind::kBool && kept.to_bool() == value;
  } else if constexpr (std::is_same_v<T, double>) {
    return kept.kind() == Argument::Kind::kFloat && are_alike(kept.to_float(), value);
  } else if constexpr (std::is_same_v<T, c10::Scalar>) {
    // Without a conversion where that can be: it is a call.
    if (value.isIntegral(false)) return kept.kind() == Argument::Kind::kInt && value.equal(kept.to_int());
    if (value.isFloatingPoint()) {
      return kept.kind() == Argument::Kind::kFloat &&
             (value.equal(kept.to_float()) || are_alike(kept.to_float(), value.toDouble()));
    }
    return value.isBoolean() ? is_same(kept, value.toBool()) : kept.kind() == Argument::Kind::kOther;
  } else {
    return is_same_as_view(kept, value);
  }
}

// A boxed value that is no tensor.
bool is_same_value(const Argument& kept, const c10::IValue& value);

// Boxed values: as many as `kept` has, the last of a stack. Nothing is converted, and no reference is taken.
C10_ALWAYS_INLINE bool are_same(absl::Span<const Argument> kept, const torch::jit::Stack& stack) {
  const c10::IValue* value = stack.end().base() - kept.size();
  for (const Argument& argument : kept) {
    const bool is_tensor = argument.kind() == Argument::Kind::kTensor;
    if (!(C10_LIKELY(is_tensor) ? value->isTensor() && is_same(argument.tensor(), *value->unsafeToTensorImpl())
                                : is_same_value(argument, *value))) {
      return false;
    }
    ++value;
  }
  return true;
}

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_IS_SAME_H_
