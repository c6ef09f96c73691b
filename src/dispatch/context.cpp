#include "dispatch/context.h"

#include <c10/core/impl/LocalDispatchKeySet.h>

#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "dispatch/key.h"
#include "formulas/table.h"

namespace torchtally::dispatch {
namespace {

std::uint64_t next_context_id() {
  static std::atomic<std::uint64_t> next = 1;
  return next.fetch_add(1, std::memory_order_relaxed);
}

thread_local bool thread_is_ending = false;

struct Leases {
  std::array<std::shared_ptr<LeasedLedger>, kCachedDepths> ledgers;

  Leases() = default;
  Leases(const Leases&) = delete;
  Leases& operator=(const Leases&) = delete;
  ~Leases() {
    thread_is_ending = true;
    c10::impl::tls_set_dispatch_key_included(kKey, false);  // as Arena's destructor does
    cached_ledgers = {};
    for (const auto& ledger : ledgers) release(ledger);
  }
  static void release(const std::shared_ptr<LeasedLedger>& ledger) {
    if (ledger != nullptr) ledger->leased.store(false, std::memory_order_release);
  }
};
thread_local Leases leases;

bool needs_shapes(const Verdict& verdict) {
  if (verdict.kind == VerdictKind::kZero) {
    return verdict.reason != ZeroReason::kView && verdict.reason != ZeroReason::kMetadata &&
           verdict.reason != ZeroReason::kIgnored;
  }
  return verdict.kind == VerdictKind::kCounted;
}

absl::Span<const std::string_view> values_read_by(const Verdict& verdict) {
  const bool has_family = verdict.row != nullptr && verdict.row->family != nullptr;
  return has_family ? verdict.row->family->reads_values : absl::Span<const std::string_view>();
}

}  // namespace

[[gnu::tls_model("initial-exec")]] __thread std::array<CachedLedger, kCachedDepths> cached_ledgers;

Context::Context(FormulaSet formulas, Options options)
    : id_(next_context_id()), options_(options), formulas_(std::move(formulas)) {}

// The last reference may be dropped by LibTorch on a worker thread. The lock orders that after other threads' use of what it
// guards where the thread sanitizer, which does not see LibTorch's own counting of references, can see it.
Context::~Context() { const std::lock_guard lock(mutex_); }

Ledger& Context::lease_ledger() {
  std::shared_ptr<LeasedLedger> free;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& ledger : ledgers_) {
      bool leased = false;
      if (ledger->leased.compare_exchange_strong(leased, true, std::memory_order_acquire)) {
        free = ledger;
        break;
      }
    }
    if (free == nullptr) free = ledgers_.emplace_back(std::make_shared<LeasedLedger>());
  }
  Ledger& ledger = free->ledger;
  if (thread_is_ending) return ledger;  // an operator in a thread-local destructor: nobody will return this lease
  const std::size_t place = depth() % kCachedDepths;
  Leases::release(std::exchange(leases.ledgers[place], std::move(free)));
  cached_ledgers[place] = {id_, &ledger, ledger.index()};
  return ledger;
}

Slot& Context::slot(attribution::ModuleId module, const c10::OperatorHandle& op) {
  CachedLedger& cached = cached_ledgers[depth() % kCachedDepths];
  Ledger& ledger = cached.context == id_ ? *cached.ledger : lease_ledger();
  if (Slot* known = ledger.index().find(module, key_of(op)); known != nullptr) return *known;
  const Operator& operator_info = find_operator(op);
  Slot& added = ledger.add_slot(module, key_of(op), operator_info, decision(operator_info));
  if (cached.context == id_) cached.index = ledger.index();
  return added;
}

const Decision& Context::decision(const Operator& op) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Decision>& known = decisions_[&op];
  if (known != nullptr) return *known;
  known = std::make_unique<Decision>();
  known->verdict = formulas_.verdict(op.name, op.overload);
  known->needs_shapes = needs_shapes(known->verdict);
  known->reads_values = values_read_by(known->verdict);
  known->remembers_calls = known->needs_shapes && known->verdict.user == nullptr && known->reads_values.empty();
  known->action = known->verdict.kind == VerdictKind::kUnknown ? Decision::Action::kObserve : Decision::Action::kCount;
  known->is_composite = op.is_composite && !formulas_.overrides(op.name, op.overload);
  if (known->is_composite) known->backends = backends_with_kernel(op.handle);
  return *known;
}

attribution::ModuleId Context::module_of_call_path(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& frame : path) text.append(frame).push_back('/');
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = call_paths_.find(text); known != call_paths_.end()) return known->second;
  }
  attribution::ModuleId module = attribution::kRoot;
  for (const std::string& frame : path) {
    // "TOP(Net)::forward", "layer1(Sequential)::forward", "SELF(Block)::_impl", "::relu", "CALL_FUNCTION::batch_norm(...)": the
    // frame of a submodule has a name without a colon before the parenthesis, neither TOP nor SELF, and its type inside.
    const std::size_t open = frame.find('(');
    if (open == std::string::npos) continue;
    const std::string name = frame.substr(0, open);
    if (name.empty() || name == "TOP" || name == "SELF" || name.find(':') != std::string::npos) continue;
    module = modules_.called_child(module, name, frame.substr(open + 1, frame.find(')', open) - open - 1));
  }
  const std::lock_guard lock(mutex_);
  call_paths_.emplace(std::move(text), module);
  return module;
}

Tally Context::tally() {
  std::map<std::tuple<attribution::ModuleId, const Operator*, DType>, Cost> costs;
  std::map<const Operator*, const Decision*> decisions;
  std::vector<bool> has_slots;
  const std::lock_guard lock(mutex_);
  for (const auto& ledger : ledgers_) {
    ledger->ledger.for_each([&](const Slot& slot) {
      if (has_slots.size() <= slot.module()) has_slots.resize(slot.module() + 1);
      has_slots[slot.module()] = true;
      slot.for_each_cost([&](DType dtype, const Cost& cost) {  // of none: a composite, or a call that threw
        costs[{slot.module(), &slot.op(), dtype}] += cost;
        decisions[&slot.op()] = &slot.decision();
      });
    });
  }

  std::vector<OperatorInfo> operators;
  std::map<const Operator*, int> index_of;
  for (const auto& [op, decision] : decisions) {
    index_of[op] = static_cast<int>(operators.size());
    operators.push_back({op->name, op->overload, decision->verdict.kind, decision->verdict.reason});
  }
  std::vector<Tally::Row> rows;
  for (const auto& [key, cost] : costs) {
    const auto& [module, op, dtype] = key;
    rows.push_back({static_cast<int>(module), index_of[op], cost, dtype});
  }
  return {modules_.snapshot(has_slots), std::move(operators), std::move(rows)};
}

}  // namespace torchtally::dispatch
