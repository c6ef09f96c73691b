// RememberedCall: a call that a slot has counted, and what it cost. In a loop nearly every call is like the one before it in all
// that a formula can see; to recognise that costs a third of counting it again.
//
// Note [Remembered calls]
// - Only costs by the built-in formulas are remembered: they depend on nothing but the call. A user's may depend on anything.
// - Immutable but for `repeats`, and kept as long as the ledger: tally() reads them on any thread, without a lock.
// - A slot compares first with the one that followed the last call the time before: an optimizer goes through its parameters in
//   the same order in every step, and a loop through its layers. Then with its newest kCompared.
// - It remembers the calls that it does not recognise from the 2nd on until it has kCompared of them, then one of ever more. So
//   their number grows with the logarithm of the calls, and a slot that is called once keeps none.
#ifndef TORCHTALLY_SRC_DISPATCH_REMEMBERED_CALL_H_
#define TORCHTALLY_SRC_DISPATCH_REMEMBERED_CALL_H_

#include <c10/macros/Macros.h>

#include <atomic>
#include <cstdint>

#include "absl/types/span.h"
#include "dispatch/arena.h"
#include "torchtally/cost.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

struct RememberedCall {
  // First what is touched when a call is compared and found alike, together: a step of training comes by a thousand of these.
  absl::Span<const Argument> arguments;
  absl::Span<const Argument> results;
  std::atomic<std::int64_t> repeats = 0;
  RememberedCall* followed_by = this;  // owner thread of the slot only

  RememberedCall* older = nullptr;
  Cost cost;
  DType dtype = DType::kUndefined;

  // Owner thread of the slot only.
  C10_ALWAYS_INLINE void repeat() { repeats.store(repeats.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
};

// A copy of the call that lives as long as the arena; null if a tensor of it has no strides (sparse, nested).
RememberedCall* remember(const OpCall& call, const Cost& cost, DType dtype, RememberedCall* older, Arena& arena);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_REMEMBERED_CALL_H_
