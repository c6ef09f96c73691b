#include "attribution/node_origins.h"

#include <algorithm>

namespace torchtally::attribution {

void NodeOrigins::note(std::uint64_t sequence, FrameId frame) {
  const std::lock_guard lock(mutex_);
  if (!changes_.empty() && changes_.back().sequence == sequence) {  // no node was made in the frame before
    changes_.back().frame = frame;
    return;
  }
  if (changes_.size() == kMostChanges) changes_.erase(changes_.begin(), changes_.begin() + kMostChanges / 2);
  changes_.push_back({sequence, frame});
}

std::optional<FrameId> NodeOrigins::frame_of(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), sequence,
                                      [](std::uint64_t wanted, const Change& change) { return wanted < change.sequence; });
  if (after == changes_.begin()) return std::nullopt;
  return std::prev(after)->frame;
}

std::size_t NodeOrigins::size() const {
  const std::lock_guard lock(mutex_);
  return changes_.size();
}

}  // namespace torchtally::attribution
