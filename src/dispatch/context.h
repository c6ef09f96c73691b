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
#include <utility>
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
  SlotIndex index;  // the ledger's
};
// GNU's __thread: a thread_local of another file is asked on every use whether it has been initialized.
[[gnu::tls_model("initial-exec")]] extern __thread std::array<CachedLedger, kCachedDepths> cached_ledgers;

class Context {
 public:
  struct Options {
    std::size_t depth = 0;             // how many guards are around this one
    bool follows_interpreter = false;  // TorchScript's interpreter tells the module, relative to the root
  };
  Context(FormulaSet formulas, Options options);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  std::uint64_t id() const { return id_; }  // never 0
  std::size_t depth() const { return options_.depth; }
  bool follows_interpreter() const { return options_.follows_interpreter; }
  attribution::ModuleTree& modules() { return modules_; }

  // The counters of this thread for an operator called in a module. The slow way to Position::slot().
  Slot& slot(attribution::ModuleId module, const c10::OperatorHandle& op);

  // The module of a TorchScript call path, as torch::jit::currentModuleHierarchy() gives it; interned by its text.
  attribution::ModuleId module_of_call_path(const std::vector<std::string>& path);

  Tally tally();

 private:
  Ledger& lease_ledger();
  const Decision& decision(const Operator& op);

  const std::uint64_t id_;
  const Options options_;
  const FormulaSet formulas_;
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
  // Where counting is paused.
  Position() = default;
  Position(std::shared_ptr<Context> in, attribution::ModuleId at, std::shared_ptr<const Position> around)
      : context(std::move(in)),
        context_id(context->id()),
        module(at),
        place(static_cast<std::uint8_t>(context->depth() % kCachedDepths)),
        follows_interpreter(context->follows_interpreter()),
        is_simple(around == nullptr && !follows_interpreter),
        outer(std::move(around)) {}

  // The counters of this thread for an operator called in a module of this position's guard.
  C10_ALWAYS_INLINE Slot& slot(attribution::ModuleId in, const c10::OperatorHandle& op) const {
    const CachedLedger& cached = cached_ledgers[place];
    if (C10_LIKELY(cached.context == context_id)) {
      Slot* const known = cached.index.find(in, key_of(op));
      if (C10_LIKELY(known != nullptr)) return *known;
    }
    return context->slot(in, op);
  }

  const std::shared_ptr<Context> context;  // null while counting is paused
  // Of the context, here because every operator asks for it.
  const std::uint64_t context_id = 0;  // 0 while counting is paused
  const attribution::ModuleId module = attribution::kRoot;
  const std::uint8_t place = 0;  // in cached_ledgers
  const bool follows_interpreter = false;
  const bool is_simple = false;                 // one guard, and it counts in `module`
  const std::shared_ptr<const Position> outer;  // the guard around; null if there is none that counts too

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
