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
    if (Interception::is_wrapped(below)) return Op::redispatch(below, args...);

    const Interception interception(*handle, below);
    if (interception.decomposes()) return Op::redispatch(below, args...);
    decltype(auto) result = run(interception, below, args...);
    if (interception.needs_shapes()) {
      RememberedCall* const like = interception.remembered();
      if (C10_LIKELY(like != nullptr && Call::repeats(*like, std::is_reference_v<Return>, result, args...))) {
        like->repeat();
      } else {
        record(interception, result, args...);
      }
    } else {
      interception.record();
    }
    return result;
  }

  // Set once, before the kernel is registered.
  static inline std::optional<c10::OperatorHandle> handle;

 private:
  using Call = TypedCall<std::remove_reference_t<Return>, std::decay_t<Args>...>;

  // Apart, so that the path of a call that is remembered stays short.
  [[gnu::noinline]] static void record(const Interception& interception, const std::remove_reference_t<Return>& result,
                                       const std::decay_t<Args>&... args) {
    Call call(result, args...);
    interception.record(OpCall(interception.op().schema, call, call.traffic()));
  }

  static Return run(const Interception& interception, c10::DispatchKeySet below, Args... args) {
    const Interception::Inside inside(interception);
    return Op::redispatch(below, args...);
  }
};

template <typename Op>
void register_typed(torch::Library& library) {
  const c10::OperatorName name(Op::name, Op::overload_name);
  TypedKernel<Op>::handle = c10::Dispatcher::singleton().findSchemaOrThrow(Op::name, Op::overload_name);
  library.impl(c10::toString(name).c_str(), TORCH_FN(TypedKernel<Op>::call));
}

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_TYPED_KERNEL_H_
