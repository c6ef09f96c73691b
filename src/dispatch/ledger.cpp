#include "dispatch/ledger.h"

#include <utility>

namespace torchtally::dispatch {

void Slot::init(attribution::ModuleId module, const Operator& op, const Decision& decision, Arena& arena) {
  module_ = module;
  op_ = &op;
  decision_ = &decision;
  action_ = decision.action;
  is_composite_ = decision.is_composite;
  needs_shapes_ = decision.needs_shapes;
  arena_ = &arena;
}

void Slot::count(const OpCall& call) {
  const Cost cost = decision_->verdict.cost_of(call);
  bump(kCalls, cost.calls);
  bump(kMacs, cost.macs);
  bump(kFlops, cost.flops);
  bump(kTranscendentals, cost.transcendentals);
  bump(kBytesRead, cost.bytes_read);
  bump(kBytesWritten, cost.bytes_written);
  bump(kActivations, cost.activations);
  if (!decision_->remembers_calls || ++counted_ != remember_at_) return;
  constexpr std::uint64_t kBackOff = 8;
  remember_at_ *= kBackOff;
  if (RememberedCall* const newest = remember(call, cost, remembered(), *arena_); newest != nullptr) {
    remembered_.store(newest, std::memory_order_release);
  }
}

Cost Slot::cost() const {
  const auto value = [this](Counter counter) { return Count(counters_[counter].load(std::memory_order_relaxed)); };
  Cost cost;
  cost.calls = value(kCalls);
  cost.macs = value(kMacs);
  cost.flops = value(kFlops);
  cost.transcendentals = value(kTranscendentals);
  cost.bytes_read = value(kBytesRead);
  cost.bytes_written = value(kBytesWritten);
  cost.activations = value(kActivations);
  for (const RememberedCall* call = remembered_.load(std::memory_order_acquire); call != nullptr; call = call->older) {
    cost += call->cost * call->repeats.load(std::memory_order_relaxed);
  }
  return cost;
}

Ledger::Ledger() : index_(256) {}

Ledger::~Ledger() {
  for (Chunk* chunk = first_.next.load(std::memory_order_relaxed); chunk != nullptr;) {
    const std::unique_ptr<Chunk> owned(std::exchange(chunk, chunk->next.load(std::memory_order_relaxed)));
  }
}

Slot& Ledger::add_slot(attribution::ModuleId module, OperatorKey key, const Operator& op, const Decision& decision) {
  std::uint32_t used = last_->used.load(std::memory_order_relaxed);
  if (used == last_->slots.size()) {
    auto next = std::make_unique<Chunk>();
    last_->next.store(next.get(), std::memory_order_release);
    last_ = next.release();
    used = 0;
  }
  Slot& slot = last_->slots[used];
  slot.init(module, op, decision, arena_);
  last_->used.store(used + 1, std::memory_order_release);  // readers see only slots that are ready

  if (2 * (size_ + 1) > index_.size()) {
    std::vector<SlotIndex::Entry> old(index_.size() * 2);
    old.swap(index_);
    for (const SlotIndex::Entry& entry : old) {
      if (entry.slot != nullptr) insert(entry);
    }
  }
  insert({key, module, &slot});
  ++size_;
  return slot;
}

void Ledger::insert(const SlotIndex::Entry& entry) {
  const std::size_t mask = index_.size() - 1;
  std::size_t i = SlotIndex::hash(entry.module, entry.op) & mask;
  while (index_[i].slot != nullptr) i = (i + 1) & mask;
  index_[i] = entry;
}

}  // namespace torchtally::dispatch
