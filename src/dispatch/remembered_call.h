// RememberedCall: a call that a slot has counted, and what it cost. In a loop nearly every call is like the one before it in all
// that a formula can see; to recognise that costs a third of counting it again.
//
// Note [Remembered calls]
// - Only costs by the built-in formulas are remembered: they depend on nothing but the call. A user's may depend on anything.
// - Immutable but for `repeats`, and kept as long as the ledger: tally() reads them on any thread, without a lock.
// - The first that a call is compared with is the one that the thread's order of calls leads to expect (CallSequence): operator,
//   place and imprint. Where that is another, the slot's newest kCompared are tried.
// - A slot remembers the calls that it does not recognise from the 2nd on until it has kCompared of them, then one of ever more.
//   So their number grows with the logarithm of the calls, and a slot that is called once keeps none.
// - Calls whose cost is no matter of shapes are all alike: a slot keeps one, with no imprint.
//
// Note [Cache lines]
// A step of training comes by a thousand of these, and by then the kernels between have taken the caches. To compare a call and
// count it has to touch few lines: this struct and, right behind it, the imprint; not the slot, not its place in the index.
#ifndef TORCHTALLY_SRC_DISPATCH_REMEMBERED_CALL_H_
#define TORCHTALLY_SRC_DISPATCH_REMEMBERED_CALL_H_

#include <c10/macros/Macros.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "attribution/place.h"
#include "dispatch/arena.h"
#include "dispatch/imprint.h"
#include "dispatch/operator_registry.h"
#include "torchtally/cost.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

inline constexpr std::size_t kCacheLine = 64;

class Slot;
struct RememberedCall;

// What is not needed to recognise a call.
struct RememberedCost {
  Slot* slot = nullptr;
  RememberedCall* older = nullptr;  // the slot's
  Cost cost;
  DType dtype = DType::kUndefined;
  absl::Span<const Argument> arguments = {};
};

struct RememberedCall {
  OperatorKey op = nullptr;
  std::uint64_t last = 0;  // the number of the last one like it (CallSequence); 0 if there is none
  std::atomic<std::int64_t> repeats = 0;
  const RememberedCost* known = nullptr;
  attribution::Place place;
  bool needs_shapes = false;    // and so has an imprint
  bool is_of_one_size = false;  // as far as the imprint tells: are_of_one_size() in call_tensors.h

  // Of the arguments, then of the results.
  const ImprintWord* imprint() const { return reinterpret_cast<const ImprintWord*>(this + 1); }

  C10_ALWAYS_INLINE bool is_of(OperatorKey called, attribution::Place in) const { return op == called && place == in; }
  // Owner thread of the ledger only.
  C10_ALWAYS_INLINE void repeat() { repeats.store(repeats.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
};

// A copy of the call that lives as long as the arena; null if it has no imprint.
RememberedCall* remember(const OpCall& call, const RememberedCost& known, OperatorKey op, attribution::Place place, Arena& arena);
// Of all calls of an operator whose cost is no matter of shapes.
RememberedCall* remember_any(const RememberedCost& known, OperatorKey op, attribution::Place place, Arena& arena);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_REMEMBERED_CALL_H_
