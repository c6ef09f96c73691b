#include "dispatch/context.h"

#include <c10/core/impl/LocalDispatchKeySet.h>

#include <algorithm>
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

LeasedLedger& Context::lease() {
  const CachedLedger& cached = cached_ledgers[depth() % kCachedDepths];
  if (cached.context == id_) return *cached.lease;
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
  LeasedLedger& lease = *free;
  lease.places.start(*this);
  if (thread_is_ending) return lease;  // an operator in a thread-local destructor: nobody will return this lease
  const std::size_t place = depth() % kCachedDepths;
  Leases::release(std::exchange(leases.ledgers[place], std::move(free)));
  cached_ledgers[place] = {id_, &lease, lease.ledger.index()};
  return lease;
}

Slot& Context::slot(attribution::Place place, const c10::OperatorHandle& op) {
  Ledger& ledger = lease().ledger;
  if (Slot* known = ledger.index().find(place, key_of(op)); known != nullptr) return *known;
  const Operator& operator_info = find_operator(op);
  Slot& added = ledger.add_slot(place, key_of(op), operator_info, decision(operator_info));
  CachedLedger& cached = cached_ledgers[depth() % kCachedDepths];
  if (cached.context == id_) cached.index = ledger.index();
  return added;
}

attribution::NodeOrigins& Context::origins_of(std::uint64_t thread) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<attribution::NodeOrigins>& origins = origins_[thread];
  if (origins == nullptr) origins = std::make_unique<attribution::NodeOrigins>();
  return *origins;
}

const attribution::NodeOrigins* Context::known_origins_of(std::uint64_t thread) {
  const std::lock_guard lock(mutex_);
  const auto found = origins_.find(thread);
  return found == origins_.end() ? nullptr : found->second.get();
}

std::uint64_t Context::begin_backward(attribution::FrameId frame) {
  frame_of_backward_.store(frame, std::memory_order_relaxed);
  return backward_passes_.fetch_add(1, std::memory_order_relaxed) + 1;
}

void Context::add_module_cost(attribution::Place place, std::string label, const Cost& cost) {
  const std::lock_guard lock(mutex_);
  other_costs_[{std::move(label), VerdictKind::kCounted, ZeroReason::kIgnored, place, DType::kUndefined}] += cost;
}

void Context::count_external(attribution::Place place, const OpCall& call) {
  const Verdict verdict = formulas_.verdict(call.name(), call.overload());
  Cost cost;
  cost.calls = 1;
  if (verdict.kind != VerdictKind::kUnknown) cost = verdict.cost_of(call);
  const DType dtype = verdict.kind == VerdictKind::kCounted ? verdict.dtype_of(call) : DType::kUndefined;
  const std::lock_guard lock(mutex_);
  other_costs_[{std::string(call.name()), verdict.kind, verdict.reason, place, dtype}] += cost;
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
  known->watches_result = !owners_.empty() && op.name == "aten::_to_copy";
  known->action = known->verdict.kind == VerdictKind::kUnknown ? Decision::Action::kObserve : Decision::Action::kCount;
  known->is_composite = op.is_composite && !formulas_.overrides(op.name, op.overload);
  if (known->is_composite) known->backends = backends_with_kernel(op.handle);
  return *known;
}

std::array<Cost, kPhases.size()> Context::costs_by_phase() {
  std::array<Cost, kPhases.size()> costs;
  const auto of = [&](attribution::Place place) -> Cost& { return costs[static_cast<std::size_t>(place.phase())]; };
  const std::lock_guard lock(mutex_);
  for (const auto& ledger : ledgers_) {
    ledger->ledger.for_each(
        [&](const Slot& slot) { slot.for_each_cost([&](DType /*dtype*/, const Cost& cost) { of(slot.place()) += cost; }); });
  }
  for (const auto& [key, cost] : other_costs_) of(std::get<attribution::Place>(key)) += cost;
  return costs;
}

Tally Context::tally() {
  std::map<std::tuple<attribution::Place, const Operator*, DType>, Cost> costs;
  std::map<const Operator*, const Decision*> decisions;
  std::vector<bool> is_reached;  // by frame
  const std::lock_guard lock(mutex_);
  for (const auto& ledger : ledgers_) {
    ledger->ledger.for_each([&](const Slot& slot) {
      const attribution::FrameId frame = slot.place().frame();
      if (is_reached.size() <= frame) is_reached.resize(frame + 1);
      is_reached[frame] = true;
      slot.for_each_cost([&](DType dtype, const Cost& cost) {  // of none: a composite, or a call that threw
        costs[{slot.place(), &slot.op(), dtype}] += cost;
        decisions[&slot.op()] = &slot.decision();
      });
    });
  }

  // By name: where an operator lies in memory differs from run to run, and reports of the same run shall be the same.
  std::vector<const Operator*> in_order;
  in_order.reserve(decisions.size());
  for (const auto& [op, decision] : decisions) in_order.push_back(op);
  std::sort(in_order.begin(), in_order.end(),
            [](const Operator* a, const Operator* b) { return std::tie(a->name, a->overload) < std::tie(b->name, b->overload); });
  std::vector<OperatorInfo> operators;
  std::map<const Operator*, int> index_of;
  for (const Operator* op : in_order) {
    index_of[op] = static_cast<int>(operators.size());
    const Verdict& verdict = decisions[op]->verdict;
    operators.push_back({op->name, op->overload, verdict.kind, verdict.reason});
  }
  std::vector<FrameInfo> frames = modules_.frames();
  std::vector<Tally::Row> rows;
  for (const auto& [key, cost] : costs) {
    const auto& [place, op, dtype] = key;
    const auto frame = static_cast<int>(place.frame());
    rows.push_back({frames[place.frame()].module, index_of[op], cost, dtype, place.phase(), frame});
  }
  std::sort(rows.begin(), rows.end(), [](const Tally::Row& a, const Tally::Row& b) {
    return std::tie(a.frame, a.phase, a.op, a.dtype) < std::tie(b.frame, b.phase, b.op, b.dtype);
  });
  for (const auto& [key, cost] : other_costs_) {
    const auto& [name, kind, reason, place, dtype] = key;
    if (operators.empty() || operators.back().name != name) operators.push_back({name, "", kind, reason});
    const auto frame = static_cast<int>(place.frame());
    rows.push_back({frames[place.frame()].module, static_cast<int>(operators.size()) - 1, cost, dtype, place.phase(), frame});
  }
  std::vector<bool> has_slots(modules_.size());
  for (std::size_t frame = 0; frame < is_reached.size(); ++frame) {
    if (is_reached[frame]) has_slots[static_cast<std::size_t>(frames[frame].module)] = true;
  }
  return {modules_.snapshot(has_slots), std::move(operators), std::move(rows), std::move(frames)};
}

Position::Position(std::shared_ptr<Context> in, attribution::FrameId at, std::shared_ptr<const Position> around,
                   const Options& how)
    : context(std::move(in)),
      context_id(context->id()),
      frame(at),
      subtree(context->modules().subtree_of_frame(at)),
      module(subtree.first),
      options(how),
      cache_index(static_cast<std::uint8_t>(context->depth() % kCachedDepths)),
      follows_interpreter(context->follows_interpreter()),
      searches_parameters(!follows_interpreter && !context->owners().empty() && subtree.second > subtree.first + 1),
      is_usually_plain(!follows_interpreter && !searches_parameters && !options.phase.has_value()),
      may_optimize(!follows_interpreter && !options.phase.has_value()),
      is_alone(around == nullptr && context->observer() == nullptr),
      is_simple(is_alone && !options.is_replaced),
      plain(at, Phase::kForward),
      in_optimizer(at, Phase::kOptimizer),
      outer(std::move(around)) {}

}  // namespace torchtally::dispatch
