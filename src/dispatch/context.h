// Context: what one CountingGuard counts, shared by the threads that its work reaches. Position: where a thread stands in it.
#ifndef TORCHTALLY_SRC_DISPATCH_CONTEXT_H_
#define TORCHTALLY_SRC_DISPATCH_CONTEXT_H_

#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/version.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "attribution/module_tree.h"
#include "dispatch/ledger.h"
#include "dispatch/operator_registry.h"
#include "torchtally/formula.h"
#include "torchtally/tally.h"

namespace torchtally::dispatch {

// A ledger, and whether a thread is writing to it. A thread that ends returns its ledger for the next one to go on with.
struct LeasedLedger {
  Ledger ledger;
  std::atomic<bool> leased = true;
};

// Guards that nest deeper than this share a place and look their ledger up again.
inline constexpr std::size_t kCachedDepths = 4;

// What a thread writes to, by depth of nesting. Apart from the leases, so that the hot path needs no thread-local destructor and
// hence no check whether it has been set up; in the static thread-local block, which saves a function call on every operator.
struct CachedLedger {
  std::uint64_t context = 0;
  Ledger* ledger = nullptr;
};
[[gnu::tls_model("initial-exec")]] extern thread_local std::array<CachedLedger, kCachedDepths> cached_ledgers;

class Context {
 public:
  // `depth`: how many guards are around this one.
  Context(FormulaSet formulas, std::size_t depth);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  std::size_t depth() const { return depth_; }
  attribution::ModuleTree& modules() { return modules_; }

  // TorchScript's interpreter tells the module, relative to the root.
  bool follows_interpreter() const { return follows_interpreter_; }
  void follow_interpreter() { follows_interpreter_ = true; }

  // The counters of this thread for an operator called in a module.
  Slot& slot(attribution::ModuleId module, const c10::OperatorHandle& op) {
    const OperatorKey key = key_of(op);
    Slot* known = ledger().find(module, key);
    return C10_LIKELY(known != nullptr) ? *known : add_slot(module, op);
  }

  // The module of a TorchScript call path, as torch::jit::currentModuleHierarchy() gives it; interned by its text.
  attribution::ModuleId module_of_call_path(const std::vector<std::string>& path);

  Tally tally();

 private:
  Ledger& ledger() {
    const CachedLedger& cached = cached_ledgers[depth_ % kCachedDepths];
    return C10_LIKELY(cached.context == id_) ? *cached.ledger : lease_ledger();
  }
  Ledger& lease_ledger();
  Slot& add_slot(attribution::ModuleId module, const c10::OperatorHandle& op);
  const Decision& decision(const Operator& op);

  const std::uint64_t id_;
  const std::size_t depth_;
  const FormulaSet formulas_;
  bool follows_interpreter_ = false;
  attribution::ModuleTree modules_;

  std::mutex mutex_;  // guards what follows; never held while an operator runs
  std::vector<std::shared_ptr<LeasedLedger>> ledgers_;
  absl::flat_hash_map<const Operator*, std::unique_ptr<Decision>> decisions_;
  absl::flat_hash_map<std::string, attribution::ModuleId> call_paths_;
};

// Where a thread stands: the innermost guard and module, and the same for the guards around it. Immutable once pushed, but for
// `closed`. It lives in ThreadLocalDebugInfo, so that at::ThreadLocalState takes it to autograd workers, at::launch and
// TorchScript forks.
struct Position : c10::DebugInfoBase, std::enable_shared_from_this<Position> {
  std::shared_ptr<Context> context;  // null while counting is paused
  attribution::ModuleId module = attribution::kRoot;
  std::shared_ptr<const Position> outer;  // the guard around; null if there is none that counts too

  // What the thread was like before: ThreadFrame's.
  struct Undo {
    std::shared_ptr<c10::ThreadLocalDebugInfo> below;
    const c10::ThreadLocalDebugInfo* self = nullptr;
    bool key_was_included = false;
    bool key_was_excluded = false;
    bool executor_was_optimizing = false;  // and was switched off
  };
  Undo undo;
  std::atomic<bool> closed = false;
};

#if TORCH_VERSION_MAJOR >= 2
inline constexpr std::string_view kPositionName = "TORCHTALLY_POSITION";
inline const c10::DebugInfoKind kPositionKind(&kPositionName);
#else
// 1.13 has a closed list of kinds; a number beyond it is a value of the enumeration like any other.
inline constexpr auto kPositionKind = static_cast<c10::DebugInfoKind>(0xF1);
#endif

// Null if no guard is alive on this thread.
inline const Position* current_position() { return static_cast<const Position*>(c10::ThreadLocalDebugInfo::get(kPositionKind)); }

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_CONTEXT_H_
