// Interception: one operator call as the key sees it, from the decision what to do with it to its entry in the ledgers.
// The boxed fallback and the typed kernels share it, so that both count alike.
//
// Note [Four rules]
// The key is on top of everything, so it sees a call first; the keys that the dispatcher hands to a kernel tell what still lies below.
// 1. A wrapper is below (autocast, vmap, functionalization): the call is let through. The wrapper calls the operator afresh, with the
//    dtypes and shapes that really run, and the key sees that.
// 2. Python is below (a TorchDispatchMode or a tensor subclass): the call is counted here. Python's fallback excludes every
//    key above it, so this is the last that is seen of it.
// 3. The operator is CompositeImplicitAutograd: it decomposes, and its parts come back through the top. Unless the call's own
//    backend has a kernel for it, or the guard has a formula for it: then it is a leaf.
// 4. Anything else is a leaf: counted, with the key excluded while its kernel runs, so that what it calls inside is not counted
//    twice. A leaf without a verdict is reported as unknown, and the key stays in.
#ifndef TORCHTALLY_SRC_DISPATCH_INTERCEPTION_H_
#define TORCHTALLY_SRC_DISPATCH_INTERCEPTION_H_

#include <c10/core/impl/LocalDispatchKeySet.h>

#include <optional>
#include <vector>

#include "dispatch/context.h"
#include "dispatch/key.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

class Interception {
 public:
  // `below`: the keys of the call that are below the key.
  Interception(const c10::OperatorHandle& op, c10::DispatchKeySet below);
  Interception(const Interception&) = delete;
  Interception& operator=(const Interception&) = delete;

  // Rule 1.
  static bool is_wrapped(c10::DispatchKeySet below) { return below.has_any(kWrappers); }

  // True if the cost depends on shapes: then record() wants an OpCall, and inputs have to be looked at before they are gone.
  bool needs_shapes() const { return needs_shapes_; }

  // Held while the operator's kernel runs.
  class Inside {
   public:
    explicit Inside(const Interception& interception) {
      if (interception.excludes_key_) {
        exclude_.emplace(kKey);
      } else if (interception.narrowed_ != nullptr) {
        narrow_.emplace(kPositionKind, interception.narrowed_);
      }
    }

   private:
    std::optional<c10::impl::ExcludeDispatchKeyGuard> exclude_;
    std::optional<c10::DebugInfoGuard> narrow_;
  };

  // After the operator has returned, without and with a view of the call.
  void record() const {
    for_each_entry([](const Entry& entry) {
      if (entry.action != Decision::Action::kDecompose) entry.slot->add_call();
    });
  }
  void record(const OpCall& call) const {
    for_each_entry([&](const Entry& entry) {
      if (entry.action == Decision::Action::kCount) {
        entry.slot->add(entry.slot->decision().verdict.cost_of(call));
      } else if (entry.action == Decision::Action::kObserve) {
        entry.slot->add_call();
      }
    });
  }

  // Only if needs_shapes().
  const Operator& op() const { return innermost_.slot->op(); }

 private:
  struct Entry {
    const Position* position = nullptr;
    Slot* slot = nullptr;
    Decision::Action action = Decision::Action::kDecompose;
  };

  template <typename Visit>
  void for_each_entry(Visit visit) const {
    if (innermost_.slot != nullptr) visit(innermost_);
    for (const Entry& entry : around_) visit(entry);
  }

  static Entry entry_for(const Position& position, const c10::OperatorHandle& op, c10::DispatchKeySet below);
  void add_guards_around(const c10::OperatorHandle& op, c10::DispatchKeySet below);

  Entry innermost_;            // of the innermost guard, most often the only one
  std::vector<Entry> around_;  // of the guards around it
  bool needs_shapes_ = false;
  bool excludes_key_ = false;
  // Where guards disagree (one has a formula for a composite operator, say): the guards that go on counting inside.
  std::shared_ptr<Position> narrowed_;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_INTERCEPTION_H_
