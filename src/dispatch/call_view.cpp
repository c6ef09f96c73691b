#include "dispatch/call_view.h"

#include <ATen/NestedTensorImpl.h>
#include <ATen/SparseCsrTensorImpl.h>
#include <ATen/SparseTensorImpl.h>
#include <ATen/core/ivalue_inl.h>
#include <c10/core/Layout.h>
#include <torch/version.h>

#include <algorithm>

#include "dispatch/packed_weight.h"

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

// A list of lists of tensors (what a collective scatters to several devices) as one list.
absl::Span<const TensorView> copy_tensor_lists(c10::ArrayRef<c10::IValue> lists, CallArena& arena) {
  std::size_t count = 0;
  for (const c10::IValue& list : lists) count += list.toListRef().size();
  TensorView* views = arena.allocate<TensorView>(count);
  TensorView* next = views;
  for (const c10::IValue& list : lists) {
    const auto copies = copy_tensors(list.toListRef(), arena);
    next = std::copy(copies.begin(), copies.end(), next);
  }
  return {views, count};
}

Argument copy_generic_list(c10::ArrayRef<c10::IValue> list, CallArena& arena) {
  // A list of tensors, of optional tensors, of lists of tensors or of something else: its elements tell.
  const auto is_tensor = [](const c10::IValue& v) { return v.isTensor(); };
  const auto is_tensor_list = [](const c10::IValue& v) { return v.isTensorList(); };
  if (std::any_of(list.begin(), list.end(), is_tensor)) return Argument(copy_tensors(list, arena));
  if (!list.empty() && std::all_of(list.begin(), list.end(), is_tensor_list)) return Argument(copy_tensor_lists(list, arena));
  return Argument::other();
}

Layout layout_of(const c10::TensorImpl& impl) {
  if (impl.key_set().has(c10::DispatchKey::NestedTensor)) return Layout::kNested;
  switch (impl.layout()) {
    case c10::kStrided:
      return Layout::kStrided;
    case c10::kSparse:
      return Layout::kSparseCoo;
    case c10::kSparseCsr:
      return Layout::kSparseCsr;
    case c10::kSparseCsc:
      return Layout::kSparseCsc;
    case c10::kSparseBsr:
      return Layout::kSparseBsr;
    case c10::kSparseBsc:
      return Layout::kSparseBsc;
    default:
      return Layout::kOther;
  }
}

std::int64_t bytes_of(const at::Tensor& tensor) { return tensor.numel() * static_cast<std::int64_t>(tensor.itemsize()); }

// Copies: the tensor may be gone when the formula runs.
absl::Span<const std::int64_t> copy_integers(const at::Tensor& tensor, CallArena& arena) {
  const auto count = static_cast<std::size_t>(tensor.numel());
  auto* copy = arena.allocate<std::int64_t>(count);
  if (tensor.scalar_type() == at::kLong) {
    std::copy_n(static_cast<const std::int64_t*>(tensor.data_ptr()), count, copy);
  } else {
    std::copy_n(static_cast<const std::int32_t*>(tensor.data_ptr()), count, copy);
  }
  return {copy, count};
}

// Reads nothing but what lies in this process's memory, and calls no operator.
bool is_readable(const at::Tensor& tensor) {
  const c10::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  return is_plain(impl) && impl.device_type() == c10::DeviceType::CPU && impl.is_contiguous() && impl.has_storage() &&
         impl.storage_initialized() && (tensor.scalar_type() == at::kLong || tensor.scalar_type() == at::kInt);
}

void describe_sparse(const at::Tensor& tensor, TensorDetails& details) {
  if (details.layout == Layout::kSparseCoo) {
    const auto& impl = *static_cast<const at::SparseTensorImpl*>(tensor.unsafeGetTensorImpl());
    details.stored = impl.values().numel();
    details.index_bytes = bytes_of(impl.indices());
  } else {
    const auto& impl = *static_cast<const at::SparseCsrTensorImpl*>(tensor.unsafeGetTensorImpl());
    details.stored = impl.values().numel();
    details.index_bytes = bytes_of(impl.compressed_indices()) + bytes_of(impl.plain_indices());
  }
}

void describe_nested(const at::Tensor& tensor, TensorDetails& details, CallArena& arena) {
  const auto& impl = *static_cast<const at::native::NestedTensorImpl*>(tensor.unsafeGetTensorImpl());
#if TORCH_VERSION_MAJOR >= 2
  const at::Tensor& sizes = impl.get_nested_sizes();
#else
  const at::Tensor& sizes = impl.get_nested_size_tensor();
#endif
  if (!sizes.defined() || !is_readable(sizes)) return;
  details.part_sizes = copy_integers(sizes, arena);
  details.parts = sizes.dim() == 2 ? sizes.size(0) : 0;
}

// Null if one of them is a symbol.
const std::int64_t* copy_numbers(c10::SymIntArrayRef values, CallArena& arena) {
  auto* copy = arena.allocate<std::int64_t>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].is_symbolic()) return nullptr;
    copy[i] = values[i].as_int_unchecked();
  }
  return copy;
}

// Of a subclass written in Python, which may say that it is sparse or nested, and still be a plain TensorImpl. It may also answer
// for its sizes itself, and fail where it is asked for plain numbers.
TensorView view_of_subclass(const c10::TensorImpl& impl, const TensorDetails& details, CallArena& arena) {
  const c10::SymIntArrayRef sizes = impl.sym_sizes();
  const std::int64_t* const numbers = copy_numbers(sizes, arena);
  // What a size that is a symbol stands for is not known.
  if (numbers == nullptr) return TensorView(nullptr, nullptr, 0, dtype_of(impl), device_of(impl), {0, true}).with(&details);
  const std::int64_t* const strides = impl.layout() == c10::kStrided ? copy_numbers(impl.sym_strides(), arena) : nullptr;
  return TensorView(numbers, strides, sizes.size(), dtype_of(impl), device_of(impl)).with(&details);
}

}  // namespace

TensorView borrow_unusual_view(const at::Tensor& tensor, CallArena& arena) {
  const c10::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  const DType dtype = dtype_of(impl);
  const DeviceType device = device_of(impl);
  auto* details = arena.allocate<TensorDetails>(1);
  if (impl.key_set().has(c10::DispatchKey::Python)) return view_of_subclass(impl, *details, arena);
  details->layout = layout_of(impl);
  if (details->layout == Layout::kNested) {
    describe_nested(tensor, *details, arena);
    return TensorView(nullptr, nullptr, 0, dtype, device, {impl.numel(), true}).with(details);
  }
  if (details->layout >= Layout::kSparseCoo && details->layout <= Layout::kSparseBsc) describe_sparse(tensor, *details);
  const c10::IntArrayRef sizes = impl.sizes();
  const bool has_strides = impl.layout() == c10::kStrided;
  return TensorView(sizes.data(), has_strides ? impl.strides().data() : nullptr, sizes.size(), dtype, device).with(details);
}

TensorView copy_view(const at::Tensor& tensor, CallArena& arena) {
  const TensorView view = borrow_view(tensor, arena);
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
  return value.isObject() ? packed_weight(value) : Argument::other();
}

absl::Span<Argument> copy_arguments(const torch::jit::Stack& stack, std::size_t count, CallArena& arena) {
  auto* arguments = arena.allocate<Argument>(count);
  const c10::IValue* first = stack.data() + (stack.size() - count);
  for (std::size_t i = 0; i < count; ++i) arguments[i] = copy_argument(first[i], arena);
  return {arguments, count};
}

void read_values(absl::Span<const std::string_view> names, const OpSchema& schema, const torch::jit::Stack& stack,
                 absl::Span<Argument> arguments, CallArena& arena) {
  if (names.empty()) return;
  const c10::IValue* first = stack.data() + (stack.size() - arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool is_wanted = std::find(names.begin(), names.end(), schema.parameters[i].name) != names.end();
    if (!is_wanted || !first[i].isTensor() || !first[i].toTensor().defined() || !is_readable(first[i].toTensor())) continue;
    auto* details = arena.allocate<TensorDetails>(1);
    details->values = copy_integers(first[i].toTensor(), arena);
    arguments[i] = Argument(arguments[i].tensor().with(details));
  }
}

}  // namespace torchtally::dispatch
