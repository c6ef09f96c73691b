// Typed kernels of operators that may change the sizes of what they write to (out=), or that return nothing (_foreach_add_).
// Their arguments have to be looked at before they run. Of a call that was to be expected that is a comparison, without boxing;
// any other call goes through the boxed fallback, which copies what formulas need of the arguments.
#ifndef TORCHTALLY_SRC_DISPATCH_TYPED_WRITER_H_
#define TORCHTALLY_SRC_DISPATCH_TYPED_WRITER_H_

#include <ATen/core/dispatch/Dispatcher.h>

#include <array>
#include <tuple>
#include <type_traits>

#include "dispatch/boxed_fallback.h"
#include "dispatch/imprint.h"
#include "dispatch/interception.h"
#include "dispatch/typed_argument.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

// The views of an operator's results, and whether they are those that `reader` has come to. Of references to tensors, one or a
// tuple of them.
template <typename Return>
struct WrittenResults {
  C10_ALWAYS_INLINE static bool match(ImprintReader& reader, const at::Tensor& result) { return reader.matches(result); }
  static std::array<Argument, 1> views(const at::Tensor& result, CallArena& arena) { return {borrow_argument(result, arena)}; }
};
template <typename... Tensors>
struct WrittenResults<std::tuple<Tensors&...>> {
  C10_ALWAYS_INLINE static bool match(ImprintReader& reader, const std::tuple<Tensors&...>& results) {
    return std::apply([&](const auto&... each) { return (reader.matches(each) && ...); }, results);
  }
  static std::array<Argument, sizeof...(Tensors)> views(const std::tuple<Tensors&...>& results, CallArena& arena) {
    return std::apply([&](const auto&... each) { return std::array{borrow_argument(each, arena)...}; }, results);
  }
};

// As TypedPath, for these operators; of `Target` it needs handle() and redispatch().
template <typename Target, typename Schema>
class WriterPath;

template <typename Target, typename Return, typename... Args>
class WriterPath<Target, Return(Args...)> {
 public:
  C10_ALWAYS_INLINE static Return call(const Target& target, c10::DispatchKeySet keys, Args... args) {
    const c10::DispatchKeySet below = keys & kBelow;
    if (C10_UNLIKELY(Interception::is_wrapped_or_python(below))) return call_boxed(target, keys, args...);
    const auto tensors = [&](const auto& visit) { (visit_tensors(args, visit), ...); };
    const OnlyLeaf leaf(target.handle(), tensors);
    if (C10_UNLIKELY(!static_cast<bool>(leaf))) return call_boxed(target, keys, args...);
    RememberedCall* const like = leaf.expected();
    if (C10_UNLIKELY(like == nullptr)) return call_boxed(target, keys, args...);
    ImprintReader reader(like->imprint());
    if (like->needs_shapes && C10_UNLIKELY(!match(reader, args...))) return call_boxed(target, keys, args...);
    return run(target, leaf, *like, reader, below, args...);
  }

 private:
  // Flattened: LibTorch's small functions would be calls.
  [[gnu::flatten, gnu::noinline]] static bool match(ImprintReader& reader, const std::decay_t<Args>&... args) {
    return (reader.matches(args) && ...);
  }

  // `reader` has come to the results of `like`.
  C10_ALWAYS_INLINE static Return run(const Target& target, const OnlyLeaf& leaf, RememberedCall& like, ImprintReader reader,
                                      c10::DispatchKeySet below, Args... args) {
    const auto redispatch = [&]() -> Return {
      const OnlyLeaf::Inside inside(leaf);
      return target.redispatch(below, args...);
    };
    if constexpr (std::is_void_v<Return>) {
      redispatch();
      leaf.repeat_expected(like);
    } else {
      Return result = redispatch();
      if (C10_LIKELY(!like.needs_shapes || WrittenResults<Return>::match(reader, result))) {
        leaf.repeat_expected(like);
      } else {
        record_results(leaf, like, result);
      }
      return result;
    }
  }

  // Of a call whose arguments are those of `like`; its results may be others, as they may depend on data.
  template <typename Result>
  [[gnu::noinline]] static void record_results(const OnlyLeaf& leaf, const RememberedCall& like, const Result& result) {
    CallArena arena;
    const auto views = WrittenResults<Return>::views(result, arena);
    leaf.record(OpCall(leaf.op().schema, like.known->arguments, views));
  }

  [[gnu::noinline]] static Return call_boxed(const Target& target, c10::DispatchKeySet keys, Args... args) {
    static const auto boxed = c10::KernelFunction::makeFromBoxedFunction<&boxed_fallback>();
    return boxed.template call<Return, Args...>(target.handle(), keys, std::forward<Args>(args)...);
  }
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_TYPED_WRITER_H_
