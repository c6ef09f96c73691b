// borrow_argument: a typed C++ argument as the view that a formula gets. Nothing is copied but where PyTorch's layout differs.
#ifndef TORCHTALLY_SRC_DISPATCH_TYPED_ARGUMENT_H_
#define TORCHTALLY_SRC_DISPATCH_TYPED_ARGUMENT_H_

#include <ATen/core/IListRef.h>
#include <ATen/core/IListRef_inl.h>
#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>
#include <c10/core/Scalar.h>
#include <c10/core/SymInt.h>
#include <c10/core/SymIntArrayRef.h>
#include <c10/util/OptionalArrayRef.h>

#include <array>
#include <string_view>
#include <type_traits>
#include <vector>

#include "dispatch/arena.h"
#include "dispatch/call_view.h"
#include "dispatch/torch_compat.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

namespace typed_argument {

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<compat::optional<T>> : std::true_type {};
template <typename T>
struct IsOptional<c10::OptionalArrayRef<T>> : std::true_type {};

template <typename T>
struct IsBoolArray : std::false_type {};
template <std::size_t N>
struct IsBoolArray<std::array<bool, N>> : std::true_type {};

template <typename T>
struct IsTensorList : std::disjunction<std::is_same<T, at::TensorList>, std::is_same<T, at::ITensorListRef>,
                                       std::is_same<T, std::vector<at::Tensor>>> {};

template <typename List>
Argument borrow_tensors(const List& list, CallArena& arena) {
  auto* views = arena.allocate<TensorView>(list.size());
  std::size_t i = 0;
  for (const at::Tensor& tensor : list) views[i++] = borrow_view(tensor, arena);
  return Argument(absl::Span<const TensorView>(views, i));
}

}  // namespace typed_argument

template <typename T>
Argument borrow_argument(const T& value, CallArena& arena) {
  if constexpr (typed_argument::IsOptional<T>::value) {
    return value.has_value() ? borrow_argument(*value, arena) : Argument();
  } else if constexpr (std::is_same_v<T, at::Tensor>) {
    return Argument(borrow_view(value, arena));
  } else if constexpr (typed_argument::IsTensorList<T>::value) {
    return typed_argument::borrow_tensors(value, arena);
  } else if constexpr (std::is_same_v<T, c10::List<compat::optional<at::Tensor>>>) {
    auto* views = arena.allocate<TensorView>(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      const compat::optional<at::Tensor> tensor = value.get(i);
      if (tensor.has_value()) views[i] = borrow_view(*tensor, arena);
    }
    return Argument(absl::Span<const TensorView>(views, value.size()));
  } else if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, bool> || std::is_same_v<T, double>) {
    return Argument(value);
  } else if constexpr (std::is_same_v<T, c10::SymInt>) {
    return value.is_symbolic() ? Argument::other() : Argument(std::int64_t{value.as_int_unchecked()});
  } else if constexpr (std::is_same_v<T, c10::Scalar>) {
    if (value.isFloatingPoint()) return Argument(value.toDouble());
    if (value.isBoolean()) return Argument(value.toBool());
    return value.isIntegral(false) ? Argument(std::int64_t{value.toLong()}) : Argument::other();
  } else if constexpr (std::is_same_v<T, c10::IntArrayRef>) {
    return Argument(absl::Span<const std::int64_t>(value.data(), value.size()));
  } else if constexpr (std::is_same_v<T, c10::SymIntArrayRef>) {
    const auto ints = c10::asIntArrayRefSlowOpt(value);
    return ints.has_value() ? borrow_argument(*ints, arena) : Argument::other();
  } else if constexpr (std::is_same_v<T, c10::ArrayRef<double>>) {
    return Argument(absl::Span<const double>(value.data(), value.size()));
  } else if constexpr (typed_argument::IsBoolArray<T>::value) {
    return Argument(absl::Span<const bool>(value.data(), value.size()));
  } else if constexpr (std::is_same_v<T, compat::string_view>) {
    return Argument(std::string_view(value.data(), value.size()));
  } else {
    return Argument::other();  // dtype, layout, device, generator, memory format
  }
}

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_TYPED_ARGUMENT_H_
