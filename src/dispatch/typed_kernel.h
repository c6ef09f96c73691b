// TypedKernel: the key's kernel for one operator whose C++ signature is known. Boxing is most of what the boxed fallback costs;
// this does away with it. One template over PyTorch's operator structs (at::_ops::mm: its schema type and its redispatch).
//
// Inputs are looked at after the operator has run, where they are: the caller keeps what it passed by reference. So this is for
// operators that leave their inputs' sizes and strides alone: functional ones and in-place arithmetic, not resize_, set_ or out=.
#ifndef TORCHTALLY_SRC_DISPATCH_TYPED_KERNEL_H_
#define TORCHTALLY_SRC_DISPATCH_TYPED_KERNEL_H_

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <optional>
#include <type_traits>

#include "dispatch/composites.h"
#include "dispatch/interception.h"
#include "dispatch/typed_call.h"

namespace torchtally::dispatch {

template <typename Op, typename Schema = typename Op::schema>
struct TypedKernel;

template <typename Op, typename Return, typename... Args>
struct TypedKernel<Op, Return(Args...)> {
  static_assert(!std::is_void_v<Return>, "an operator that returns nothing goes through the boxed fallback");

  static Return call(c10::DispatchKeySet keys, Args... args) {
    const c10::DispatchKeySet below = keys & kBelow;
    if (Interception::is_wrapped(below) || composite.decomposes(below)) return Op::redispatch(below, args...);
    const auto tensors = [&](TensorVisitor visit) { (visit_tensors(args, visit), ...); };
    if (const OnlyLeaf leaf(*handle, tensors); C10_LIKELY(static_cast<bool>(leaf))) return count(leaf, below, args...);
    return intercept(below, args...);
  }

  // Set once, before the kernel is registered.
  static inline std::optional<c10::OperatorHandle> handle;
  static inline Composite composite;

 private:
  using Call = TypedCall<std::remove_reference_t<Return>, std::decay_t<Args>...>;
  static constexpr bool kIsInPlace = std::is_reference_v<Return>;  // the result is one of the arguments

  // `Calls` is an OnlyLeaf, or an Interception.
  template <typename Calls>
  C10_ALWAYS_INLINE static Return count(const Calls& calls, c10::DispatchKeySet below, Args... args) {
    decltype(auto) result = run(calls, below, args...);
    if constexpr (std::is_same_v<Return, at::Tensor>) {
      if (calls.looks_at_result()) calls.look_at_result(result);
    }
    if (!calls.needs_shapes()) {
      calls.record();
    } else if (RememberedCall* const like = calls.remembered();
               C10_LIKELY(like != nullptr && Call::repeats(*like, kIsInPlace, result, args...))) {
      like->repeat();
    } else {
      record(calls, result, args...);
    }
    return result;
  }

  // PyTorch's own redispatch, not one of the handle's in this library: its code lies beside what runs anyway, and a page of code
  // more costs a view more than all instructions of this kernel.
  template <typename Calls>
  C10_ALWAYS_INLINE static Return run(const Calls& calls, c10::DispatchKeySet below, Args... args) {
    const typename Calls::Inside inside(calls);
    return Op::redispatch(below, args...);
  }

  [[gnu::noinline]] static Return intercept(c10::DispatchKeySet below, Args... args) {
    const auto tensors = [&](TensorVisitor visit) { (visit_tensors(args, visit), ...); };
    const Interception interception(*handle, below, tensors);
    if (interception.decomposes()) return Op::redispatch(below, args...);
    return count(interception, below, args...);
  }

  // Apart, so that the path of a call that is remembered stays short.
  template <typename Calls>
  [[gnu::noinline]] static void record(const Calls& calls, const std::remove_reference_t<Return>& result,
                                       const std::decay_t<Args>&... args) {
    Call call(result, args...);
    calls.record(OpCall(calls.op().schema, call, call.traffic()));
  }
};

template <typename Op>
void register_typed(torch::Library& library) {
  const c10::OperatorName name(Op::name, Op::overload_name);
  const c10::OperatorHandle op = c10::Dispatcher::singleton().findSchemaOrThrow(Op::name, Op::overload_name);
  TypedKernel<Op>::handle = op;
  TypedKernel<Op>::composite = Composite(op);
  library.impl(c10::toString(name).c_str(), TORCH_FN(TypedKernel<Op>::call));
}

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_TYPED_KERNEL_H_
