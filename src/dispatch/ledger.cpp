#include "dispatch/ledger.h"

#include <utility>

namespace torchtally::dispatch {

void Slot::init(attribution::ModuleId module, const Operator& op, const Decision& decision) {
  module_ = module;
  op_ = &op;
  decision_ = &decision;
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
  return cost;
}

Ledger::Ledger() : index_(256), mask_(index_.size() - 1) {}

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
  slot.init(module, op, decision);
  last_->used.store(used + 1, std::memory_order_release);  // readers see only slots that are ready

  if (2 * (size_ + 1) > index_.size()) {
    std::vector<Entry> old(index_.size() * 2);
    old.swap(index_);
    mask_ = index_.size() - 1;
    for (const Entry& entry : old) {
      if (entry.slot != nullptr) insert(entry);
    }
  }
  insert({key, module, &slot});
  ++size_;
  return slot;
}

void Ledger::insert(const Entry& entry) {
  std::size_t i = hash(entry.module, entry.op) & mask_;
  while (index_[i].slot != nullptr) i = (i + 1) & mask_;
  index_[i] = entry;
}

}  // namespace torchtally::dispatch
