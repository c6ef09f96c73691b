// From LibTorch's values to the torch-free view that a formula gets (op_call.h).
#ifndef TORCHTALLY_SRC_DISPATCH_CALL_VIEW_H_
#define TORCHTALLY_SRC_DISPATCH_CALL_VIEW_H_

#include <ATen/core/Tensor.h>
#include <ATen/core/stack.h>

#include <string_view>

#include "dispatch/arena.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

// A view of a tensor without a plain list of sizes and strides: sparse, nested, of another layout, of a subclass. What only such
// tensors have (TensorDetails) lies in the arena.
TensorView borrow_unusual_view(const at::Tensor& tensor, CallArena& arena);

inline DType dtype_of(const c10::TensorImpl& impl) {
  const at::ScalarType type = caffe2::TypeMeta(impl.dtype()).toScalarType();
  return type == at::ScalarType::Undefined ? DType::kUndefined : static_cast<DType>(type);
}

inline DeviceType device_of(const c10::TensorImpl& impl) {
  switch (impl.device_type()) {
    case c10::DeviceType::CPU:
      return DeviceType::kCpu;
    case c10::DeviceType::CUDA:
      return DeviceType::kCuda;
    case c10::DeviceType::Meta:
      return DeviceType::kMeta;
    default:
      return DeviceType::kOther;
  }
}

// True if the tensor has a plain list of sizes and strides.
inline bool is_plain(const c10::TensorImpl& impl) {
  constexpr c10::DispatchKeySet kUnusual = c10::sparse_ks | c10::sparse_csr_ks | c10::mkldnn_ks |
                                           c10::DispatchKeySet({c10::DispatchKey::NestedTensor, c10::DispatchKey::Python});
  return !impl.key_set().has_any(kUnusual);
}

// A view that borrows the tensor's own sizes and strides.
inline TensorView borrow_view(const at::Tensor& tensor, CallArena& arena) {
  if (!tensor.defined()) return {};
  const c10::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  if (C10_UNLIKELY(!is_plain(impl))) return borrow_unusual_view(tensor, arena);
  const c10::IntArrayRef sizes = impl.sizes();
  return {sizes.data(),   impl.strides().data(), sizes.size(),
          dtype_of(impl), device_of(impl),       {impl.numel(), impl.is_non_overlapping_and_dense()}};
}

// A view that outlives the tensor: sizes and strides lie in the arena.
TensorView copy_view(const at::Tensor& tensor, CallArena& arena);

// A view of a boxed value that outlives it.
Argument copy_argument(const c10::IValue& value, CallArena& arena);

// The last `count` values of a stack.
absl::Span<Argument> copy_arguments(const torch::jit::Stack& stack, std::size_t count, CallArena& arena);

// Gives the views of integer tensors whose names are listed their values (TensorView::values()), where they can be read without
// waiting for a device. `arguments`: views of the last values of the stack.
void read_values(absl::Span<const std::string_view> names, const OpSchema& schema, const torch::jit::Stack& stack,
                 absl::Span<Argument> arguments, CallArena& arena);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_CALL_VIEW_H_
