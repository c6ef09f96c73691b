// CallSequence: which call comes next on a thread.
//
// Note [Order of calls]
// A step of training calls the same operators in the same order as the step before. So calls are written down one after another,
// and the one to be expected is what came `distance_` calls ago: a step's length, once that has settled. The call that followed
// this one the last time would be a worse guess: calls alike come in many places of a step, as an optimizer does the same for
// each parameter of one shape.
// Calls that come as expected are not written down before another comes, and whole rounds of `distance_` of them never are: the
// last `distance_` calls are the same without them. So a loop only reads.
// Where another call comes than was expected, the distance becomes that to the last one alike. A call that never came before
// leaves it: what follows goes on as it did, most often.
#ifndef TORCHTALLY_SRC_DISPATCH_CALL_SEQUENCE_H_
#define TORCHTALLY_SRC_DISPATCH_CALL_SEQUENCE_H_

#include <c10/macros/Macros.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "dispatch/remembered_call.h"

namespace torchtally::dispatch {

// Used by the owner thread of the ledger alone.
class CallSequence {
 public:
  CallSequence();
  CallSequence(const CallSequence&) = delete;
  CallSequence& operator=(const CallSequence&) = delete;

  // Never null: at first a call of no operator.
  C10_ALWAYS_INLINE RememberedCall& expected() const { return *calls_[expected_ & mask_]; }
  // Has what follows the expected call at hand when it comes: by then a kernel has taken the caches.
  C10_ALWAYS_INLINE void prefetch_next() const {
    const auto* const next = reinterpret_cast<const std::byte*>(calls_[(expected_ + 1) & mask_]);
    __builtin_prefetch(next);
    __builtin_prefetch(next + kCacheLine);
  }
  // The expected one has come.
  C10_ALWAYS_INLINE void repeat(RememberedCall& expected) {
    expected.repeat();
    if (++expected_ == next_) expected_ -= distance_;
  }
  // Another came, and has been counted.
  void follow(RememberedCall& call);

 private:
  void write(RememberedCall& call);
  void grow();

  // The last calls; the one with number n at n & mask_.
  std::unique_ptr<RememberedCall*[]> calls_;
  std::size_t mask_;
  std::uint64_t next_ = 1;      // the number of the next that is written
  std::uint64_t distance_ = 1;  // at most the room in calls_
  std::uint64_t expected_ = 0;  // in [next_ - distance_, next_)
  RememberedCall none_;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_CALL_SEQUENCE_H_
