// Context: what one CountingGuard counts, shared by the threads that its work reaches. Position: where a thread stands in it.
#ifndef TORCHTALLY_SRC_DISPATCH_CONTEXT_H_
#define TORCHTALLY_SRC_DISPATCH_CONTEXT_H_

#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/version.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "attribution/module_tree.h"
#include "attribution/node_origins.h"
#include "attribution/place.h"
#include "dispatch/backward_node.h"
#include "dispatch/call_sequence.h"
#include "dispatch/interpreter_position.h"
#include "dispatch/ledger.h"
#include "dispatch/operator_registry.h"
#include "dispatch/parameter_owners.h"
#include "dispatch/thread_places.h"
#include "torchtally/call_observer.h"
#include "torchtally/formula.h"
#include "torchtally/tally.h"

namespace torchtally::dispatch {

// A ledger, and whether a thread is writing to it. A thread that ends returns its ledger for the next one to go on with.
struct LeasedLedger {
  // First what every call touches.
  CallSequence calls;
  ThreadPlaces places;
  Ledger ledger;
  std::atomic<bool> leased = true;
};

// Guards that nest deeper than this share a place and look their ledger up again.
inline constexpr std::size_t kCachedDepths = 4;

// What a thread writes to, by depth of nesting. Apart from the leases, so that the hot path needs no thread-local destructor and
// hence no check whether it has been set up; in the static thread-local block, which saves a function call on every operator.
struct CachedLedger {
  std::uint64_t context = 0;
  LeasedLedger* lease = nullptr;
  SlotIndex index;  // its ledger's
};
// GNU's __thread: a thread_local of another file is asked on every use whether it has been initialized.
[[gnu::tls_model("initial-exec")]] extern __thread std::array<CachedLedger, kCachedDepths> cached_ledgers;

class Context {
 public:
  struct Options {
    std::size_t depth = 0;             // how many guards are around this one
    bool follows_interpreter = false;  // TorchScript's interpreter tells the module, relative to the root
    CallObserver* observer = nullptr;
  };
  Context(FormulaSet formulas, Options options);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  std::uint64_t id() const { return id_; }  // never 0
  std::size_t depth() const { return options_.depth; }
  bool follows_interpreter() const { return options_.follows_interpreter; }
  CallObserver* observer() const { return options_.observer; }  // null if there is none
  attribution::ModuleTree& modules() { return modules_; }
  ParameterOwners& owners() { return owners_; }
  InterpreterPosition& interpreter() { return interpreter_; }

  // The counters of this thread for an operator called in a place. The slow way to Position::slot().
  Slot& slot(attribution::Place place, const c10::OperatorHandle& op);
  // The slow way to Position::places().
  ThreadPlaces& places() { return lease().places; }

  const FormulaSet& formulas() const { return formulas_; }
  // Adds what a module's call costs as a whole. `label`: the name of the operator that it is in the tally.
  void add_module_cost(attribution::Place place, std::string label, const Cost& cost);
  // Adds a call that the dispatcher does not see.
  void count_external(attribution::Place place, const OpCall& call);

  // Of a thread, as autograd numbers it. Null if it has not made nodes for this guard.
  attribution::NodeOrigins& origins_of(std::uint64_t thread);
  const attribution::NodeOrigins* known_origins_of(std::uint64_t thread);

  const std::atomic<std::uint64_t>& backward_passes() const { return backward_passes_; }
  // Says that a backward pass begins that was asked for in `frame`. The number of passes, with this one.
  std::uint64_t begin_backward(attribution::FrameId frame);
  attribution::FrameId frame_of_backward() const { return frame_of_backward_.load(std::memory_order_relaxed); }

  Tally tally();
  // Sums alone, without names: microseconds.
  std::array<Cost, kPhases.size()> costs_by_phase();

 private:
  LeasedLedger& lease();
  const Decision& decision(const Operator& op);

  const std::uint64_t id_;
  const Options options_;
  const FormulaSet formulas_;
  attribution::ModuleTree modules_;
  ParameterOwners owners_;
  InterpreterPosition interpreter_ = InterpreterPosition(modules_);
  std::atomic<std::uint64_t> backward_passes_ = 0;
  std::atomic<attribution::FrameId> frame_of_backward_ = attribution::kRootFrame;

  std::mutex mutex_;  // guards what follows; never held while an operator runs
  std::vector<std::shared_ptr<LeasedLedger>> ledgers_;
  absl::flat_hash_map<const Operator*, std::unique_ptr<Decision>> decisions_;
  absl::flat_hash_map<std::uint64_t, std::unique_ptr<attribution::NodeOrigins>> origins_;
  // Of modules as a whole and of external calls, by name.
  std::map<std::tuple<std::string, VerdictKind, ZeroReason, attribution::Place, DType>, Cost> other_costs_;
};

// Where a thread stands: the innermost guard and frame, and the same for the guards around it. Immutable once pushed, but for
// `closed`. It lives in ThreadLocalDebugInfo, so that at::ThreadLocalState takes it to autograd workers, at::launch and
// TorchScript forks.
struct Position : c10::DebugInfoBase, std::enable_shared_from_this<Position> {
  // Where counting is paused.
  Position() : options() {}
  struct Options {
    std::optional<Phase> phase;  // a PhaseScope's, which holds whatever runs
    BackwardNode opened_in;      // the node that was running when a scope was opened
    bool is_replaced = false;    // a module's formula counts instead of the operators that run here
  };
  Position(std::shared_ptr<Context> in, attribution::FrameId at, std::shared_ptr<const Position> around, const Options& options);

  // What this thread writes to for this position's guard; null if it has not written to it lately.
  C10_ALWAYS_INLINE const CachedLedger* cached_ledger() const {
    const CachedLedger& cached = cached_ledgers[cache_index];
    return C10_LIKELY(cached.context == context_id) ? &cached : nullptr;
  }

  // The counters of this thread for an operator called in a place of this position's guard.
  Slot& slot(attribution::Place in, const c10::OperatorHandle& op) const {
    const CachedLedger* const cached = cached_ledger();
    Slot* const known = cached == nullptr ? nullptr : cached->index.find(in, key_of(op));
    return known != nullptr ? *known : context->slot(in, op);
  }

  // Of this thread.
  ThreadPlaces& places() const {
    const CachedLedger* const cached = cached_ledger();
    return C10_LIKELY(cached != nullptr) ? cached->lease->places : context->places();
  }

  // Where a call belongs. `tensors`: a CallTensors, or what one can be made of.
  attribution::Place place_of(CallTensors tensors) const { return places().place_of(*this, current_backward_pass(), tensors); }
  // As OnlyLeaf asks, who knows these already. Of an optimizer's call that may be `like` an earlier one it is taken on trust that
  // its tensors are of one size, as those were: to compare them is still to come.
  template <typename Tensors>
  C10_ALWAYS_INLINE attribution::Place place_of(ThreadPlaces& known, const Tensors& tensors, OperatorKey op,
                                                const RememberedCall& like) const {
    const BackwardPass pass = current_backward_pass();
    return C10_LIKELY(is_usually_plain && known.is_plain(frame, pass)) ? plain : place_elsewhere(known, pass, tensors, op, like);
  }
  // Apart, so that the usual path of a kernel stays short.
  template <typename Tensors>
  [[gnu::noinline]] attribution::Place place_elsewhere(ThreadPlaces& known, BackwardPass pass, const Tensors& tensors,
                                                       OperatorKey op, const RememberedCall& like) const {
    if (like.is_of(op, in_optimizer) && like.is_of_one_size && may_optimize && known.is_after_backward(pass)) return in_optimizer;
    return known.place_of(*this, pass, tensors);
  }

  const std::shared_ptr<Context> context;  // null while counting is paused
  // Of the context, here because every operator asks for it.
  const std::uint64_t context_id = 0;  // 0 while counting is paused
  const attribution::FrameId frame = attribution::kRootFrame;
  const std::pair<attribution::ModuleId, attribution::ModuleId> subtree = {};  // of the frame's module: ModuleTree::subtree()
  const attribution::ModuleId module = attribution::kRoot;                     // the frame's
  const Options options;
  const std::uint8_t cache_index = 0;  // in cached_ledgers
  const bool follows_interpreter = false;
  const bool searches_parameters = false;  // modules below the open one have parameters that operators may take
  const bool is_usually_plain = false;     // ThreadPlaces::is_plain() may tell
  const bool may_optimize = false;         // ThreadPlaces::is_after_backward() may tell
  const bool is_alone = false;             // one guard, and nobody observes it
  const bool is_simple = false;            // the same, and it counts operators
  const attribution::Place plain;          // `frame` in the forward phase
  const attribution::Place in_optimizer;
  const std::shared_ptr<const Position> outer;  // the guard around; null if there is none that counts too

  // What the thread was like before: ThreadFrame's.
  struct Undo {
    std::shared_ptr<c10::ThreadLocalDebugInfo> below;
    const c10::ThreadLocalDebugInfo* self = nullptr;
    bool key_was_included = false;
    bool key_was_excluded = false;
    bool executor_was_optimizing = false;       // and was switched off
    std::optional<std::uint64_t> watch;         // of watch_backward()
    std::optional<std::uint64_t> script_watch;  // of watch_script_calls()
    bool script_is_watched = false;             // by this position's or by one below it
  };
  Undo undo;
  std::atomic<bool> closed = false;
};

inline constexpr std::string_view kPositionName = "TORCHTALLY_POSITION";

// DebugInfoKind is a class that anyone may make values of, or, in LibTorch before 2.12, a closed list: there a number beyond it
// is a value of the enumeration like any other.
template <class Kind>
constexpr Kind position_kind() {
  if constexpr (std::is_enum_v<Kind>) {
    return static_cast<Kind>(0xF1);
  } else {
    return Kind(&kPositionName);
  }
}
// Not constexpr: to the undefined-behaviour sanitizer an address is no constant.
inline const c10::DebugInfoKind kPositionKind = position_kind<c10::DebugInfoKind>();

// Null if no guard is alive on this thread.
inline const Position* current_position() { return static_cast<const Position*>(c10::ThreadLocalDebugInfo::get(kPositionKind)); }

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_CONTEXT_H_
