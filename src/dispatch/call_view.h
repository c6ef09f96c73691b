// From LibTorch's values to the torch-free view that a formula gets (op_call.h).
#ifndef TORCHTALLY_SRC_DISPATCH_CALL_VIEW_H_
#define TORCHTALLY_SRC_DISPATCH_CALL_VIEW_H_

#include <ATen/core/Tensor.h>
#include <ATen/core/stack.h>

#include "dispatch/arena.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

// A view of a tensor that outlives it: sizes and strides lie in the arena.
TensorView copy_view(const at::Tensor& tensor, Arena& arena);

// A view that borrows the tensor's own sizes and strides. The arena is for tensors that keep none (nested ones).
TensorView borrow_view(const at::Tensor& tensor, Arena& arena);

// A view of a boxed value that outlives it.
Argument copy_argument(const c10::IValue& value, Arena& arena);

// The last `count` values of a stack.
absl::Span<const Argument> copy_arguments(const torch::jit::Stack& stack, std::size_t count, Arena& arena);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_CALL_VIEW_H_
