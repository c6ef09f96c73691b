#include "dispatch/call_view.h"

#include <ATen/core/ivalue_inl.h>
#include <c10/core/Layout.h>

#include <algorithm>

namespace torchtally::dispatch {
namespace {

static_assert(static_cast<int>(at::kByte) == static_cast<int>(DType::kUInt8) &&
                  static_cast<int>(at::kFloat) == static_cast<int>(DType::kFloat32) &&
                  static_cast<int>(at::kComplexDouble) == static_cast<int>(DType::kComplex128) &&
                  static_cast<int>(at::kBFloat16) == static_cast<int>(DType::kBFloat16) &&
                  static_cast<int>(at::ScalarType::QUInt2x4) == static_cast<int>(DType::kQUInt2x4),
              "torchtally::DType must have the numbers of c10::ScalarType");

template <typename T, typename List>
absl::Span<const T> copy_list(const List& list, CallArena& arena) {
  T* copy = arena.allocate<T>(list.size());
  std::copy(list.begin(), list.end(), copy);
  return {copy, list.size()};
}

absl::Span<const TensorView> copy_tensors(c10::ArrayRef<c10::IValue> list, CallArena& arena) {
  TensorView* views = arena.allocate<TensorView>(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].isTensor()) views[i] = copy_view(list[i].toTensor(), arena);
  }
  return {views, list.size()};
}

Argument copy_generic_list(c10::ArrayRef<c10::IValue> list, CallArena& arena) {
  // A list of tensors, of optional tensors or of something else: its elements tell.
  const bool has_tensors = std::any_of(list.begin(), list.end(), [](const c10::IValue& v) { return v.isTensor(); });
  return has_tensors ? Argument(copy_tensors(list, arena)) : Argument::other();
}

}  // namespace

TensorView borrow_unusual_view(const c10::TensorImpl& impl) {
  const DType dtype = dtype_of(impl);
  const DeviceType device = device_of(impl);
  // A nested tensor has no list of sizes, only elements.
  if (impl.key_set().has(c10::DispatchKey::NestedTensor)) return {nullptr, nullptr, 0, dtype, device, {impl.numel(), true}};
  const c10::IntArrayRef sizes = impl.sizes();
  const bool has_strides = impl.layout() == c10::kStrided;
  return {sizes.data(), has_strides ? impl.strides().data() : nullptr, sizes.size(), dtype, device};
}

TensorView copy_view(const at::Tensor& tensor, CallArena& arena) {
  const TensorView view = borrow_view(tensor);
  if (view.dim() == 0) return view;
  const auto sizes = copy_list<std::int64_t>(view.sizes(), arena);
  const auto strides = copy_list<std::int64_t>(view.strides(), arena);
  return view.moved_to(sizes.data(), strides.empty() ? nullptr : strides.data());
}

Argument copy_argument(const c10::IValue& value, CallArena& arena) {
  if (value.isNone()) return {};
  if (value.isTensor()) return Argument(copy_view(value.toTensor(), arena));
  if (value.isInt()) return Argument(value.toInt());
  if (value.isBool()) return Argument(value.toBool());
  if (value.isDouble()) return Argument(value.toDouble());
  if (value.isIntList()) {
    const auto list = value.toIntList();
    auto* copy = arena.allocate<std::int64_t>(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) copy[i] = list.get(i);
    return Argument(absl::Span<const std::int64_t>(copy, list.size()));
  }
  if (value.isTensorList()) return Argument(copy_tensors(value.toListRef(), arena));
  if (value.isDoubleList()) {
    const auto list = value.toDoubleList();
    auto* copy = arena.allocate<double>(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) copy[i] = list.get(i);
    return Argument(absl::Span<const double>(copy, list.size()));
  }
  if (value.isBoolList()) {
    const auto list = value.toBoolList();
    auto* copy = arena.allocate<bool>(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) copy[i] = list.get(i);
    return Argument(absl::Span<const bool>(copy, list.size()));
  }
  if (value.isString()) {
    const auto text = value.toStringView();
    return Argument(std::string_view(copy_list<char>(text, arena).data(), text.size()));
  }
  if (value.isList()) return copy_generic_list(value.toListRef(), arena);
  return Argument::other();
}

absl::Span<const Argument> copy_arguments(const torch::jit::Stack& stack, std::size_t count, CallArena& arena) {
  auto* arguments = arena.allocate<Argument>(count);
  const c10::IValue* first = stack.data() + (stack.size() - count);
  for (std::size_t i = 0; i < count; ++i) arguments[i] = copy_argument(first[i], arena);
  return {arguments, count};
}

}  // namespace torchtally::dispatch
