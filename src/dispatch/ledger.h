// Ledger: the counters of one guard on one thread. Written by that thread alone, read by any: no locks, no read-modify-write.
#ifndef TORCHTALLY_SRC_DISPATCH_LEDGER_H_
#define TORCHTALLY_SRC_DISPATCH_LEDGER_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "attribution/place.h"
#include "dispatch/operator_registry.h"
#include "dispatch/remembered_call.h"
#include "torchtally/cost.h"
#include "torchtally/formula.h"

namespace torchtally::dispatch {

// What a guard does with the calls of an operator.
struct Decision {
  enum class Action : std::uint8_t {
    kCount,      // a leaf: counted by its verdict, with the key excluded inside
    kObserve,    // a leaf without a verdict: reported as unknown, what it calls inside is counted
    kDecompose,  // composite: nothing is counted, its parts are
  };
  Action action = Action::kObserve;
  // Composite, and the guard has no formula of its own for it: the call's keys decide between `action` and kDecompose.
  bool is_composite = false;
  BackendSet backends;  // if composite: those that have a kernel nevertheless, and make it a leaf
  bool needs_shapes = false;
  absl::Span<const std::string_view> reads_values;  // the names of arguments whose values the formula reads
  bool watches_result = false;                      // a cast: of a parameter, its result is one too
  bool remembers_calls = false;                     // the cost depends on nothing but what the call is
  Verdict verdict;
};

// Counters of calls whose arithmetic is in one type. Written by one thread, read by any.
class Counters {
 public:
  DType dtype() const { return dtype_.load(std::memory_order_relaxed); }
  void set_dtype(DType dtype) { dtype_.store(dtype, std::memory_order_relaxed); }

  // Owner thread only.
  void add(const Cost& cost) {
    auto* value = values_.data();
    Cost::for_each_counter([&](auto counter) { bump(*value++, cost.*counter); });
  }
  Cost sum() const {
    Cost cost;
    const auto* value = values_.data();
    Cost::for_each_counter([&](auto counter) { cost.*counter = (value++)->load(std::memory_order_relaxed); });
    return cost;
  }

  // The same operator's in another type; null after the last.
  std::atomic<Counters*> next = nullptr;

 private:
  C10_ALWAYS_INLINE static void bump(std::atomic<std::int64_t>& value, Count by) {
    value.store(Count(value.load(std::memory_order_relaxed)) + by, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::int64_t>, Cost::kCounters> values_ = {};
  std::atomic<DType> dtype_ = DType::kUndefined;
};

// The counters of one operator in one place.
class alignas(64) Slot {
 public:
  void init(attribution::Place place, const Operator& op, const Decision& decision, Arena& arena);

  attribution::Place place() const { return place_; }
  const Operator& op() const { return *op_; }
  const Decision& decision() const { return *decision_; }
  // Parts of the decision, where the hot path has them at hand.
  Decision::Action action() const { return action_; }
  bool is_composite() const { return is_composite_; }
  bool is_leaf() const { return action_ == Decision::Action::kCount && !is_composite_; }
  bool needs_shapes() const { return needs_shapes_; }
  bool watches_result() const { return watches_result_; }

  // Owner thread only, all of these.
  struct Counted {
    Cost cost;
    RememberedCall* remembered = nullptr;  // the call, if it is remembered from now on
  };
  Counted count(const OpCall& call);
  // Of an operator whose cost is no matter of shapes, or that has no verdict.
  RememberedCall& count_call();
  // The first of the newest calls for which is_like() holds; null if there is none.
  template <typename IsLike>
  RememberedCall* find_remembered(const IsLike& is_like) const {
    int left = kCompared;
    for (RememberedCall* call = newest_.load(std::memory_order_relaxed); call != nullptr && left > 0;
         call = call->known->older, --left) {
      if (is_like(*call)) return call;
    }
    return nullptr;
  }

  // Any thread: calls visit(dtype, cost) for each type that there are calls of.
  template <typename Visit>
  void for_each_cost(Visit visit) const {
    for (const Counters* counters = &counters_; counters != nullptr; counters = counters->next.load(std::memory_order_acquire)) {
      if (const Cost cost = counters->sum(); cost.calls > 0) visit(counters->dtype(), cost);
    }
    for (const RememberedCall* call = newest_.load(std::memory_order_acquire); call != nullptr; call = call->known->older) {
      if (const Count repeats = call->repeats.load(std::memory_order_relaxed); repeats > 0) {
        visit(call->known->dtype, call->known->cost * repeats);
      }
    }
  }

 private:
  static constexpr int kCompared = 8;

  Counters& counters_of(DType dtype);
  OperatorKey key() const { return key_of(op_->handle); }

  Decision::Action action_ = Decision::Action::kObserve;
  bool is_composite_ = false;
  bool needs_shapes_ = false;
  bool watches_result_ = false;
  Counters counters_;  // of the first type that was seen
  std::atomic<RememberedCall*> newest_ = nullptr;
  int remembered_ = 0;         // how many
  std::uint64_t counted_ = 0;  // calls that were not recognised
  std::uint64_t remember_at_ = 2;
  attribution::Place place_;
  const Operator* op_ = nullptr;
  const Decision* decision_ = nullptr;
  Arena* arena_ = nullptr;  // the ledger's
};

// Finds the slots of a ledger. Valid until a slot is added.
class SlotIndex {
 public:
  struct Entry {
    OperatorKey op = nullptr;
    attribution::Place place;
    Slot* slot = nullptr;
  };

  constexpr SlotIndex() = default;
  // Open addressing; `mask` is the number of entries, a power of two, less one.
  SlotIndex(const Entry* entries, std::size_t mask) : entries_(entries), mask_(mask) {}

  // Null if there is no slot yet.
  C10_ALWAYS_INLINE Slot* find(attribution::Place place, OperatorKey op) const {
    for (std::size_t i = hash(place, op) & mask_;; i = (i + 1) & mask_) {
      const Entry& entry = entries_[i];
      if (C10_LIKELY(entry.op == op && entry.place == place)) return entry.slot;
      if (entry.slot == nullptr) return nullptr;
    }
  }

  static std::size_t hash(attribution::Place place, OperatorKey op) {
    const std::uint64_t mixed =
        (reinterpret_cast<std::uintptr_t>(op) >> 4) * 0x9E3779B97F4A7C15ULL + place.packed() * 0xC2B2AE3D27D4EB4FULL;
    return static_cast<std::size_t>(mixed >> 32);
  }

 private:
  const Entry* entries_ = nullptr;
  std::size_t mask_ = 0;
};

class Ledger {
 public:
  Ledger();
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Owner thread only.
  SlotIndex index() const { return {index_.data(), index_.size() - 1}; }
  Slot& add_slot(attribution::Place place, OperatorKey key, const Operator& op, const Decision& decision);

  // Any thread: calls visit(slot) for all slots.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Chunk* chunk = &first_; chunk != nullptr; chunk = chunk->next.load(std::memory_order_acquire)) {
      const std::uint32_t used = chunk->used.load(std::memory_order_acquire);
      for (std::uint32_t i = 0; i < used; ++i) visit(chunk->slots[i]);
    }
  }

 private:
  struct Chunk {
    std::array<Slot, 64> slots;
    std::atomic<std::uint32_t> used = 0;
    std::atomic<Chunk*> next = nullptr;
  };
  void insert(const SlotIndex::Entry& entry);

  Arena arena_;  // of remembered calls
  Chunk first_;
  Chunk* last_ = &first_;
  std::vector<SlotIndex::Entry> index_;  // at most half full
  std::size_t size_ = 0;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_LEDGER_H_
