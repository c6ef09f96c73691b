#include "dispatch/ledger.h"

#include <utility>

namespace torchtally::dispatch {

void Slot::init(attribution::Place place, const Operator& op, const Decision& decision, Arena& arena) {
  place_ = place;
  op_ = &op;
  decision_ = &decision;
  action_ = decision.action;
  is_composite_ = decision.is_composite;
  needs_shapes_ = decision.needs_shapes;
  watches_result_ = decision.watches_result;
  arena_ = &arena;
}

Counters& Slot::counters_of(DType dtype) {
  if (counters_.dtype() == DType::kUndefined) counters_.set_dtype(dtype);
  Counters* counters = &counters_;
  while (counters->dtype() != dtype) {
    Counters* next = counters->next.load(std::memory_order_relaxed);
    if (next == nullptr) {
      next = arena_->allocate<Counters>(1);
      next->set_dtype(dtype);
      counters->next.store(next, std::memory_order_release);
    }
    counters = next;
  }
  return *counters;
}

Slot::Counted Slot::count(const OpCall& call) {
  const Verdict& verdict = decision_->verdict;
  Counted counted = {verdict.cost_of(call), nullptr};
  const DType dtype = verdict.dtype_of(call);
  counters_of(dtype).add(counted.cost);
  if (!decision_->remembers_calls || ++counted_ < remember_at_) return counted;
  constexpr std::uint64_t kBackOff = 8;
  remember_at_ = counted_ * kBackOff;
  RememberedCall* const older = newest_.load(std::memory_order_relaxed);
  counted.remembered = remember(call, {this, older, counted.cost, dtype, {}}, key(), place_, *arena_);
  if (counted.remembered == nullptr) return counted;
  if (++remembered_ < kCompared) remember_at_ = counted_ + 1;
  newest_.store(counted.remembered, std::memory_order_release);
  return counted;
}

RememberedCall& Slot::count_call() {
  RememberedCall* any = newest_.load(std::memory_order_relaxed);
  if (any == nullptr) {
    Cost cost;
    cost.calls = 1;
    any = remember_any({this, nullptr, cost, DType::kUndefined, {}}, key(), place_, *arena_);
    newest_.store(any, std::memory_order_release);
  }
  any->repeat();
  return *any;
}

Ledger::Ledger() : index_(256) {}

Ledger::~Ledger() {
  for (Chunk* chunk = first_.next.load(std::memory_order_relaxed); chunk != nullptr;) {
    const std::unique_ptr<Chunk> owned(std::exchange(chunk, chunk->next.load(std::memory_order_relaxed)));
  }
}

Slot& Ledger::add_slot(attribution::Place place, OperatorKey key, const Operator& op, const Decision& decision) {
  std::uint32_t used = last_->used.load(std::memory_order_relaxed);
  if (used == last_->slots.size()) {
    auto next = std::make_unique<Chunk>();
    last_->next.store(next.get(), std::memory_order_release);
    last_ = next.release();
    used = 0;
  }
  Slot& slot = last_->slots[used];
  slot.init(place, op, decision, arena_);
  last_->used.store(used + 1, std::memory_order_release);  // readers see only slots that are ready

  if (2 * (size_ + 1) > index_.size()) {
    std::vector<SlotIndex::Entry> old(index_.size() * 2);
    old.swap(index_);
    for (const SlotIndex::Entry& entry : old) {
      if (entry.slot != nullptr) insert(entry);
    }
  }
  insert({key, place, &slot});
  ++size_;
  return slot;
}

void Ledger::insert(const SlotIndex::Entry& entry) {
  const std::size_t mask = index_.size() - 1;
  std::size_t i = SlotIndex::hash(entry.place, entry.op) & mask;
  while (index_[i].slot != nullptr) i = (i + 1) & mask;
  index_[i] = entry;
}

}  // namespace torchtally::dispatch
