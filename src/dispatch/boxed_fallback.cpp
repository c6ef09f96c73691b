#include "dispatch/boxed_fallback.h"

#include <optional>

#include "dispatch/call_view.h"
#include "dispatch/imprint.h"
#include "dispatch/interception.h"

namespace torchtally::dispatch {

namespace {

// As CallTensors: the arguments of a call that has not run yet.
auto tensors_of(const c10::OperatorHandle& op, const torch::jit::Stack& stack) {
  return [&op, &stack](const auto& visit) { visit_tensors(stack, op.schema().arguments().size(), visit); };
}

// `Calls` is an Interception, or an OnlyLeaf.
template <typename Calls>
C10_ALWAYS_INLINE void run(const Calls& calls, const c10::OperatorHandle& op, c10::DispatchKeySet below,
                           torch::jit::Stack* stack) {
  const typename Calls::Inside inside(calls);
  op.redispatchBoxed(below, stack);
}

template <typename Calls>
C10_ALWAYS_INLINE void count(const Calls& calls, const c10::OperatorHandle& op, c10::DispatchKeySet below,
                             torch::jit::Stack* stack) {
  if (!calls.needs_shapes()) {
    run(calls, op, below, stack);
    calls.record();
    return;
  }

  CallArena arena;
  // The kernel consumes its inputs. Copies of sizes, not of tensors: a reference would defeat buffer stealing and in-place reuse.
  const Operator& known = calls.op();
  const absl::Span<Argument> arguments = copy_arguments(*stack, known.parameters.size(), arena);
  calls.read_values(*stack, arguments, arena);
  run(calls, op, below, stack);
  if (calls.looks_at_result()) calls.look_at_result(stack->back().toTensor());
  calls.record(OpCall(known.schema, arguments, copy_arguments(*stack, known.result_count, arena)));
}

// A leaf's call whose arguments are those of `like`; its results may be others, as they may depend on data.
[[gnu::noinline]] void record_results(const OnlyLeaf& leaf, const RememberedCall& like, const torch::jit::Stack& stack) {
  CallArena arena;
  const Operator& known = leaf.op();
  leaf.record(OpCall(known.schema, like.known->arguments, copy_arguments(stack, known.result_count, arena)));
}

// `reader` has come to the results of `like`.
C10_ALWAYS_INLINE bool run_like(const OnlyLeaf& leaf, const RememberedCall& like, ImprintReader reader,
                                const c10::OperatorHandle& op, c10::DispatchKeySet below, torch::jit::Stack* stack) {
  run(leaf, op, below, stack);
  if (C10_LIKELY(reader.matches(*stack, op.schema().returns().size()))) return true;
  record_results(leaf, like, *stack);
  return false;
}

// The reader of what follows the arguments, if these are those of `like`.
C10_ALWAYS_INLINE std::optional<ImprintReader> match(const RememberedCall& like, const c10::OperatorHandle& op,
                                                     const torch::jit::Stack& stack) {
  ImprintReader reader(like.imprint());
  return reader.matches(stack, op.schema().arguments().size()) ? std::optional(reader) : std::nullopt;
}

[[gnu::noinline]] void count_unexpected(const OnlyLeaf& as_expected, const c10::OperatorHandle& op, c10::DispatchKeySet below,
                                        torch::jit::Stack* stack) {
  const OnlyLeaf leaf = as_expected.settled(op, tensors_of(op, *stack));
  std::optional<ImprintReader> results;
  if (leaf.needs_shapes()) {
    RememberedCall* const like = leaf.find_remembered([&](const RememberedCall& known) {
      results = match(known, op, *stack);
      return results.has_value();
    });
    if (like != nullptr) {
      if (run_like(leaf, *like, *results, op, below, stack)) leaf.repeat_found(*like);
      return;
    }
  }
  count(leaf, op, below, stack);
}

[[gnu::noinline]] void intercept(const c10::OperatorHandle& op, c10::DispatchKeySet below, torch::jit::Stack* stack) {
  if (Interception::is_wrapped(below)) return op.redispatchBoxed(below, stack);
  count(Interception(op, below, tensors_of(op, *stack)), op, below, stack);
}

}  // namespace

// The usual case: a leaf that is called as it was to be expected. Flattened, and the others apart, so that a call costs little
// more than the hop through the dispatcher.
[[gnu::flatten]] void boxed_fallback(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
  const c10::DispatchKeySet below = keys & kBelow;
  if (C10_UNLIKELY(Interception::is_wrapped_or_python(below))) return intercept(op, below, stack);
  const OnlyLeaf leaf(op, tensors_of(op, *stack));
  if (C10_UNLIKELY(!static_cast<bool>(leaf))) return intercept(op, below, stack);
  RememberedCall* const like = leaf.expected();
  if (C10_UNLIKELY(like == nullptr)) return count_unexpected(leaf, op, below, stack);
  if (!like->needs_shapes) {
    run(leaf, op, below, stack);
    leaf.repeat_expected(*like);
  } else if (const auto results = match(*like, op, *stack); C10_LIKELY(results.has_value())) {
    if (run_like(leaf, *like, *results, op, below, stack)) leaf.repeat_expected(*like);
  } else {
    count_unexpected(leaf, op, below, stack);
  }
}

}  // namespace torchtally::dispatch
