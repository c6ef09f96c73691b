#include "dispatch/boxed_fallback.h"

#include "dispatch/call_view.h"
#include "dispatch/interception.h"
#include "dispatch/is_same.h"

namespace torchtally::dispatch {

void boxed_fallback(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
  const c10::DispatchKeySet below = keys & kBelow;
  if (Interception::is_wrapped(below)) {
    op.redispatchBoxed(below, stack);
    return;
  }
  const Interception interception(op, below);
  if (!interception.needs_shapes()) {
    {
      const Interception::Inside inside(interception);
      op.redispatchBoxed(below, stack);
    }
    interception.record();
    return;
  }

  CallArena arena;
  // The kernel consumes its inputs. Copies of sizes, not of tensors: a reference would defeat buffer stealing and in-place reuse.
  const Operator& known = interception.op();
  const std::size_t count = known.parameters.size();
  RememberedCall* const like = interception.remembered();
  const bool has_same_arguments = like != nullptr && are_same(like->arguments, stack->data() + (stack->size() - count));
  absl::Span<const Argument> arguments;
  if (has_same_arguments) {
    arguments = like->arguments;
  } else {
    const absl::Span<Argument> copies = copy_arguments(*stack, count, arena);
    interception.read_values(*stack, copies, arena);
    arguments = copies;
  }
  {
    const Interception::Inside inside(interception);
    op.redispatchBoxed(below, stack);
  }
  // Results may depend on data.
  if (has_same_arguments && are_same(like->results, stack->data() + (stack->size() - known.result_count))) {
    like->repeat();
  } else {
    interception.record(OpCall(known.schema, arguments, copy_arguments(*stack, known.result_count, arena)));
  }
}

}  // namespace torchtally::dispatch
