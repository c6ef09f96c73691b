// CallTensors: visits the tensors among a call's arguments. For the few who have to know which they are, not what they are like.
#ifndef TORCHTALLY_SRC_DISPATCH_CALL_TENSORS_H_
#define TORCHTALLY_SRC_DISPATCH_CALL_TENSORS_H_

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>

#include "absl/functional/function_ref.h"
#include "dispatch/call_view.h"
#include "dispatch/typed_argument.h"

namespace torchtally::dispatch {

// `is_listed`: an element of a list.
using TensorVisitor = absl::FunctionRef<void(const at::Tensor&, bool is_listed)>;
using CallTensors = absl::FunctionRef<void(TensorVisitor)>;

// Of a typed argument. `visit` as a TensorVisitor.
template <typename T, typename Visit>
C10_ALWAYS_INLINE void visit_tensors(const T& value, const Visit& visit, bool is_listed = false) {
  if constexpr (typed_argument::IsOptional<T>::value) {
    if (value.has_value()) visit_tensors(*value, visit);
  } else if constexpr (std::is_same_v<T, at::Tensor>) {
    if (value.defined()) visit(value, is_listed);
  } else if constexpr (typed_argument::IsTensorList<T>::value) {
    for (const at::Tensor& tensor : value) visit_tensors(tensor, visit, true);
  }
}

// Of the last `count` values of a stack. Lists are looked into, lists of lists are not.
template <typename Visit>
void visit_tensors(const torch::jit::Stack& stack, std::size_t count, const Visit& visit) {
  for (std::size_t i = stack.size() - count; i < stack.size(); ++i) {
    const c10::IValue& value = stack[i];
    if (value.isTensor()) {
      if (value.toTensor().defined()) visit(value.toTensor(), false);
    } else if (value.isTensorList() || value.isList()) {
      for (const c10::IValue& element : value.toListRef()) {
        if (element.isTensor() && element.toTensor().defined()) visit(element.toTensor(), true);
      }
    }
  }
}

// False if two of the tensors that have more than one element differ in their sizes; lists and unusual layouts do not matter.
// `tensors` is a CallTensors, or what one can be made of: then nothing is called.
template <typename Tensors>
C10_ALWAYS_INLINE bool are_of_one_size(const Tensors& tensors) {
  const c10::TensorImpl* first = nullptr;
  bool are = true;
  tensors([&](const at::Tensor& tensor, bool is_listed) {
    const c10::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
    if (is_listed || !is_plain(impl) || impl.numel() <= 1) return;
    if (first == nullptr) {
      first = &impl;
    } else {
      are &= first->sizes() == impl.sizes();
    }
  });
  return are;
}

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_CALL_TENSORS_H_
