#include "dispatch/boxed_fallback.h"

#include "dispatch/call_view.h"
#include "dispatch/interception.h"
#include "dispatch/is_same.h"

namespace torchtally::dispatch {

namespace {

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
  const std::size_t count = known.parameters.size();
  RememberedCall* const like = calls.remembered();
  const bool has_same_arguments = like != nullptr && are_same(like->arguments, stack->data() + (stack->size() - count));
  absl::Span<const Argument> arguments;
  if (has_same_arguments) {
    arguments = like->arguments;
  } else {
    const absl::Span<Argument> copies = copy_arguments(*stack, count, arena);
    calls.read_values(*stack, copies, arena);
    arguments = copies;
  }
  run(calls, op, below, stack);
  if (calls.looks_at_result()) calls.look_at_result(stack->back().toTensor());
  // Results may depend on data.
  if (has_same_arguments && are_same(like->results, stack->data() + (stack->size() - known.result_count))) {
    like->repeat();
  } else {
    calls.record(OpCall(known.schema, arguments, copy_arguments(*stack, known.result_count, arena)));
  }
}

}  // namespace

void boxed_fallback(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
  const c10::DispatchKeySet below = keys & kBelow;
  if (Interception::is_wrapped(below)) {
    op.redispatchBoxed(below, stack);
    return;
  }
  const auto tensors = [&](TensorVisitor visit) { visit_tensors(*stack, op.schema().arguments().size(), visit); };
  if (const OnlyLeaf leaf(op, tensors); C10_LIKELY(static_cast<bool>(leaf))) {
    count(leaf, op, below, stack);
  } else {
    count(Interception(op, below, tensors), op, below, stack);
  }
}

}  // namespace torchtally::dispatch
