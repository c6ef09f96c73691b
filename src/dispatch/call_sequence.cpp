#include "dispatch/call_sequence.h"

#include <algorithm>
#include <utility>

namespace torchtally::dispatch {
namespace {
constexpr std::size_t kFewest = 256;
// Of a longer step each call is looked up in its slot.
constexpr std::size_t kMost = 131'072;
}  // namespace

CallSequence::CallSequence() : calls_(std::make_unique<RememberedCall*[]>(kFewest)), mask_(kFewest - 1) {
  std::fill_n(calls_.get(), kFewest, &none_);
}

void CallSequence::follow(RememberedCall& call) {
  // What has come as expected since the last round.
  for (std::uint64_t left = expected_ + distance_ - next_; left > 0; --left) write(*calls_[(next_ - distance_) & mask_]);
  if (call.last != 0) {
    const std::uint64_t ago = next_ - call.last;
    if (ago <= mask_ + 1) {
      distance_ = ago;
    } else if (mask_ + 1 < kMost) {
      grow();
    }
  }
  write(call);
  expected_ = next_ - distance_;
}

void CallSequence::write(RememberedCall& call) {
  calls_[next_ & mask_] = &call;
  call.last = next_++;
}

void CallSequence::grow() {
  const std::size_t size = mask_ + 1;
  auto larger = std::make_unique<RememberedCall*[]>(2 * size);
  std::fill_n(larger.get(), 2 * size, &none_);
  for (std::uint64_t n = next_ - size; n < next_; ++n) larger[n & (2 * size - 1)] = calls_[n & mask_];
  calls_ = std::move(larger);
  mask_ = 2 * size - 1;
}

}  // namespace torchtally::dispatch
