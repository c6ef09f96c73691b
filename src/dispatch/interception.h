// Interception: one operator call as the key sees it, from the decision what to do with it to its entry in the ledgers.
// The boxed fallback and the typed kernels share it, so that both count alike.
//
// Note [Four rules]
// The key is on top of everything, so it sees a call first; the keys that the dispatcher hands to a kernel tell what still lies
// below.
// 1. A wrapper is below (autocast, vmap, functionalization): the call is let through. The wrapper calls the operator afresh, with
// the
//    dtypes and shapes that really run, and the key sees that.
// 2. Python is below (a TorchDispatchMode or a tensor subclass): the call is counted here. Python's fallback excludes every
//    key above it, so this is the last that is seen of it. But for the tensors of Note [Looking inside].
// 3. The operator is CompositeImplicitAutograd: it decomposes, and its parts come back through the top. Unless the call's own
//    backend has a kernel for it, or the guard has a formula for it: then it is a leaf.
// 4. Anything else is a leaf: counted, with the key excluded while its kernel runs, so that what it calls inside is not counted
//    twice. A leaf without a verdict is reported as unknown, and the key stays in.
#ifndef TORCHTALLY_SRC_DISPATCH_INTERCEPTION_H_
#define TORCHTALLY_SRC_DISPATCH_INTERCEPTION_H_

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "dispatch/call_tensors.h"
#include "dispatch/call_view.h"
#include "dispatch/context.h"
#include "dispatch/device_timer.h"
#include "dispatch/key.h"
#include "dispatch/key_exclusion.h"
#include "dispatch/look_inside.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

class Interception {
  struct Nested;

 public:
  // `below`: the keys of the call that are below the key. `tensors`: its arguments.
  Interception(const c10::OperatorHandle& op, c10::DispatchKeySet below, CallTensors tensors);
  Interception(const Interception&) = delete;
  Interception& operator=(const Interception&) = delete;

  // Rule 1.
  static bool is_wrapped(c10::DispatchKeySet below) { return below.has_any(kWrappers); }
  // Rule 1 or 2: then it is no OnlyLeaf.
  static bool is_wrapped_or_python(c10::DispatchKeySet below) { return below.has_any(kWrappers | kPython); }

  // Rule 3: nobody counts the call, and nothing is to be held or recorded.
  bool decomposes() const { return innermost_.action == Decision::Action::kDecompose && nested_ == nullptr; }

  // True if the cost depends on shapes: then record() wants an OpCall, and inputs have to be looked at before they are gone.
  bool needs_shapes() const { return needs_shapes_; }

  // Held while the operator's kernel runs.
  class Inside {
   public:
    C10_ALWAYS_INLINE explicit Inside(const Interception& interception)
        : exclusion_(interception.excludes_key_), nested_(interception.nested_.get()) {
      if (C10_UNLIKELY(nested_ != nullptr)) enter();
    }
    C10_ALWAYS_INLINE ~Inside() {
      if (C10_UNLIKELY(nested_ != nullptr)) leave();
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    void enter();
    void leave();

    KeyExclusion exclusion_;
    Nested* nested_;
  };

  // After the operator has returned, without and with a view of the call.
  void record() const {
    for_each_entry([&](const Entry& entry) {
      if (entry.action == Decision::Action::kDecompose) return;
      entry.slot->count_call();
      if (C10_UNLIKELY(nested_ != nullptr)) tell_observer(entry, one_call(), nullptr);
    });
  }
  void record(const OpCall& call) const {
    for_each_entry([&](const Entry& entry) {
      if (entry.action == Decision::Action::kCount) {
        const Cost cost = entry.slot->count(call).cost;
        if (C10_UNLIKELY(nested_ != nullptr)) tell_observer(entry, cost, &call);
      } else if (entry.action == Decision::Action::kObserve) {
        entry.slot->count_call();
        if (C10_UNLIKELY(nested_ != nullptr)) tell_observer(entry, one_call(), &call);
      }
    });
  }

  // As OnlyLeaf's. Which call is to be expected is known of a thread's only guard alone.
  static constexpr RememberedCall* expected() { return nullptr; }
  static void repeat_expected(RememberedCall& /*like*/) {}
  const Interception& settled(const c10::OperatorHandle& /*op*/, CallTensors /*tensors*/) const { return *this; }
  // Only if needs_shapes(). Nested guards have a memory each, and no use of it: they record.
  template <typename IsLike>
  RememberedCall* find_remembered(const IsLike& is_like) const {
    return nested_ == nullptr ? innermost_.slot->find_remembered(is_like) : nullptr;
  }
  static void repeat_found(RememberedCall& like) { like.repeat(); }

  // The values that formulas read, before the operator consumes its arguments: read_values() of call_view.h.
  void read_values(const torch::jit::Stack& stack, absl::Span<Argument> arguments, CallArena& arena) const {
    for_each_entry([&](const Entry& entry) {
      dispatch::read_values(entry.slot->decision().reads_values, entry.slot->op().schema, stack, arguments, arena);
    });
  }

  // After the operator has returned: casts of parameters are theirs.
  void look_at_result(const at::Tensor& result) const;
  bool looks_at_result() const { return looks_at_result_; }

  // Only if needs_shapes().
  const Operator& op() const {
    const Operator* op = nullptr;
    for_each_entry([&](const Entry& entry) { op = &entry.slot->op(); });
    return *op;
  }

 private:
  struct Entry {
    const Position* position = nullptr;
    Slot* slot = nullptr;  // null where a module's formula counts instead
    Decision::Action action = Decision::Action::kDecompose;
    std::optional<attribution::ModuleId> owner_of_cast;  // the call casts a parameter of this module
  };

  // What only nested and observed guards need, and tensors that are looked into.
  struct Nested {
    // While the kernel ran.
    std::chrono::steady_clock::time_point begin;
    std::chrono::steady_clock::time_point end;
    std::unique_ptr<DeviceTimer> timer;  // null: nobody observes, or no device tells its time
    std::optional<std::chrono::nanoseconds> device_time;
    std::vector<Entry> around;                // of the guards around the innermost
    const LookInside* look_inside = nullptr;  // where what the kernel calls counts instead
    // Where guards disagree (one has a formula for a composite operator, say): those that go on counting inside.
    std::shared_ptr<Position> narrowed;
    std::optional<c10::DebugInfoGuard> narrow;
  };

  template <typename Visit>
  void for_each_entry(Visit visit) const {
    if (innermost_.slot != nullptr) visit(innermost_);
    if (C10_LIKELY(nested_ == nullptr)) return;
    for (const Entry& entry : nested_->around) {
      if (entry.slot != nullptr) visit(entry);
    }
  }

  static Entry entry_for(const Position& position, const c10::OperatorHandle& op, c10::DispatchKeySet below, CallTensors tensors);
  static Decision::Action composite_action(const Decision& decision, c10::DispatchKeySet below);
  static Cost one_call();
  void tell_observer(const Entry& entry, const Cost& cost, const OpCall* call) const;
  void add_guards_around(const c10::OperatorHandle& op, c10::DispatchKeySet below, CallTensors tensors);
  void leave_to_inside(const LookInside& look_inside);

  Entry innermost_;  // of the innermost guard, most often the only one
  std::unique_ptr<Nested> nested_;
  bool needs_shapes_ = false;
  bool excludes_key_ = false;
  bool looks_at_result_ = false;
};

// The usual case of an Interception, with less work: the thread's only guard counts the operator as a leaf.
class OnlyLeaf {
 public:
  // False in any other case: then an Interception is needed. `tensors`: as CallTensors, the call's arguments.
  template <typename Tensors>
  C10_ALWAYS_INLINE OnlyLeaf(const c10::OperatorHandle& op, const Tensors& tensors) {
    const Position* const position = current_position();
    if (C10_UNLIKELY(position == nullptr || !position->is_simple)) return;
    const CachedLedger* const ledger = position->cached_ledger();
    if (C10_UNLIKELY(ledger == nullptr)) return;
    LeasedLedger& lease = *ledger->lease;
    RememberedCall& expected = lease.calls.expected();
    const attribution::Place place = position->place_of(lease.places, tensors, key_of(op), expected);
    if (C10_LIKELY(expected.is_of(key_of(op), place))) {
      expected_ = &expected;
      lease.calls.prefetch_next();
    } else {
      find_slot(*position, place, op);
      if (slot_ == nullptr) return;
    }
    calls_ = &lease.calls;
  }
  explicit operator bool() const { return calls_ != nullptr; }

  class Inside {
   public:
    C10_ALWAYS_INLINE explicit Inside(const OnlyLeaf& /*leaf*/) : exclusion_(true) {}
    C10_ALWAYS_INLINE ~Inside() = default;
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    KeyExclusion exclusion_;
  };

  // Of this operator in this place, and the likeliest call of them; null if another operator was to be expected. If the call is
  // alike in all that it is remembered by, repeat_expected() counts it.
  C10_ALWAYS_INLINE RememberedCall* expected() const { return expected_; }
  C10_ALWAYS_INLINE void repeat_expected(RememberedCall& like) const { calls_->repeat(like); }
  // To be asked where the call is not alike: what follows is for its answer. `tensors`: as ever.
  OnlyLeaf settled(const c10::OperatorHandle& op, CallTensors tensors) const;
  // Any other that has been counted before and is alike: repeat_found().
  template <typename IsLike>
  RememberedCall* find_remembered(const IsLike& is_like) const {
    return slot().find_remembered(is_like);
  }
  void repeat_found(RememberedCall& like) const {
    like.repeat();
    calls_->follow(like);
  }
  // Or else, as Interception's.
  bool needs_shapes() const { return slot().needs_shapes(); }
  void record() const { calls_->follow(slot().count_call()); }
  void record(const OpCall& call) const {
    if (RememberedCall* const remembered = slot().count(call).remembered; remembered != nullptr) calls_->follow(*remembered);
  }
  static constexpr bool looks_at_result() { return false; }
  static void look_at_result(const at::Tensor& /*result*/) {}
  void read_values(const torch::jit::Stack& stack, absl::Span<Argument> arguments, CallArena& arena) const {
    dispatch::read_values(slot().decision().reads_values, op().schema, stack, arguments, arena);
  }
  const Operator& op() const { return slot().op(); }

 private:
  Slot& slot() const { return expected_ != nullptr ? *expected_->known->slot : *slot_; }
  // Apart, so that the usual path of a kernel stays short.
  void find_slot(const Position& position, attribution::Place place, const c10::OperatorHandle& op);

  OnlyLeaf() = default;

  CallSequence* calls_ = nullptr;
  RememberedCall* expected_ = nullptr;
  Slot* slot_ = nullptr;  // where none is expected
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_INTERCEPTION_H_
