// Typed kernels: the key's kernels for operators whose C++ signature is known. Boxing is most of what the boxed fallback costs;
// they do away with it.
//
// Inputs are looked at after the operator has run, where they are: the caller keeps what it passed by reference. So this is for
// operators that leave their inputs' sizes and strides alone: functional ones and in-place arithmetic, not resize_ or set_; out=
// has typed_writer.h.
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

// What a typed kernel does with a call. `Target` is the operator that the kernel stands for:
//   const c10::OperatorHandle& handle() const;
//   bool decomposes(c10::DispatchKeySet below) const;  // the call can be let through without asking anyone
//   Return redispatch(c10::DispatchKeySet below, Args... args) const;
//   static constexpr bool kResultsFollow;              // from the arguments, where an imprint has all of those
template <typename Target, typename Schema>
class TypedPath;

template <typename Target, typename Return, typename... Args>
class TypedPath<Target, Return(Args...)> {
  static_assert(!std::is_void_v<Return>, "an operator that returns nothing is for a WriterPath");

 public:
  C10_ALWAYS_INLINE static Return call(const Target& target, c10::DispatchKeySet keys, Args... args) {
    const c10::DispatchKeySet below = keys & kBelow;
    if (C10_UNLIKELY(Interception::is_wrapped_or_python(below))) return intercept(target, below, args...);
    if (target.decomposes(below)) return target.redispatch(below, args...);
    const auto tensors = [&](const auto& visit) { (visit_tensors(args, visit), ...); };
    if (const OnlyLeaf leaf(target.handle(), tensors); C10_LIKELY(static_cast<bool>(leaf))) {
      return count(target, leaf, below, args...);
    }
    return intercept(target, below, args...);
  }

 private:
  using Call = TypedCall<std::remove_reference_t<Return>, std::decay_t<Args>...>;
  static constexpr bool kIsInPlace = std::is_reference_v<Return>;  // the result is one of the arguments

  // `Calls` is an OnlyLeaf, or an Interception.
  template <typename Calls>
  C10_ALWAYS_INLINE static Return count(const Target& target, const Calls& calls, c10::DispatchKeySet below, Args... args) {
    decltype(auto) result = run(target, calls, below, args...);
    if constexpr (std::is_same_v<Return, at::Tensor>) {
      if (calls.looks_at_result()) calls.look_at_result(result);
    }
    if (RememberedCall* const like = calls.expected();
        C10_LIKELY(like != nullptr &&
                   (!like->needs_shapes || Call::template repeats<Target::kResultsFollow>(*like, kIsInPlace, result, args...)))) {
      calls.repeat_expected(*like);
    } else {
      record(target, calls, result, args...);
    }
    return result;
  }

  template <typename Calls>
  C10_ALWAYS_INLINE static Return run(const Target& target, const Calls& calls, c10::DispatchKeySet below, Args... args) {
    const typename Calls::Inside inside(calls);
    return target.redispatch(below, args...);
  }

  [[gnu::noinline]] static Return intercept(const Target& target, c10::DispatchKeySet below, Args... args) {
    if (Interception::is_wrapped(below)) return target.redispatch(below, args...);
    const auto tensors = [&](const auto& visit) { (visit_tensors(args, visit), ...); };
    const Interception interception(target.handle(), below, tensors);
    if (interception.decomposes()) return target.redispatch(below, args...);
    return count(target, interception, below, args...);
  }

  // Apart, so that the path of a call that was to be expected stays short.
  template <typename Calls>
  [[gnu::noinline]] static void record(const Target& target, const Calls& as_expected,
                                       const std::remove_reference_t<Return>& result, const std::decay_t<Args>&... args) {
    const auto tensors = [&](const auto& visit) { (visit_tensors(args, visit), ...); };
    const auto& calls = as_expected.settled(target.handle(), tensors);
    if (!calls.needs_shapes()) return calls.record();
    RememberedCall* const like = calls.find_remembered([&](const RememberedCall& known) {
      return Call::template repeats<Target::kResultsFollow>(known, kIsInPlace, result, args...);
    });
    if (like != nullptr) return calls.repeat_found(*like);
    Call call(result, args...);
    calls.record(OpCall(calls.op().schema, call, call.traffic()));
  }
};

// A kernel of its own for an operator whose C++ signature is known, over PyTorch's operator struct (at::_ops::mm: its schema type
// and its redispatch).
template <typename Op, typename Schema = typename Op::schema>
struct TypedKernel;

template <typename Op, typename Return, typename... Args>
struct TypedKernel<Op, Return(Args...)> {
  static constexpr bool kResultsFollow = true;

  static Return call(c10::DispatchKeySet keys, Args... args) {
    return TypedPath<TypedKernel, Return(Args...)>::call(TypedKernel(), keys, args...);
  }

  static const c10::OperatorHandle& handle() { return *op; }
  C10_ALWAYS_INLINE static bool decomposes(c10::DispatchKeySet below) { return composite.decomposes(below); }
  // PyTorch's own, not one of the handle's in this library: its code lies beside what runs anyway, and a page of code more costs
  // a view more than all instructions of this kernel.
  C10_ALWAYS_INLINE static Return redispatch(c10::DispatchKeySet below, Args... args) { return Op::redispatch(below, args...); }

  // Set once, before the kernel is registered.
  static inline std::optional<c10::OperatorHandle> op;
  static inline Composite composite;
};

template <typename Op>
void register_typed(torch::Library& library) {
  const c10::OperatorName name(Op::name, Op::overload_name);
  const c10::OperatorHandle op = c10::Dispatcher::singleton().findSchemaOrThrow(Op::name, Op::overload_name);
  TypedKernel<Op>::op = op;
  TypedKernel<Op>::composite = Composite(op);
  library.impl(c10::toString(name).c_str(), TORCH_FN(TypedKernel<Op>::call));
}

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_TYPED_KERNEL_H_
