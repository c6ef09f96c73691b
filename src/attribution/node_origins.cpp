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
  return search(sequence, last_found_by_others_);
}

std::optional<FrameId> NodeOrigins::search(std::uint64_t sequence, std::size_t& last_found) const {
  const auto holds = [&](std::size_t i) {
    return changes_[i].sequence <= sequence && (i + 1 == changes_.size() || sequence < changes_[i + 1].sequence);
  };
  constexpr std::size_t kNear = 3;
  for (std::size_t back = 0; back < kNear && last_found >= back && last_found - back < changes_.size(); ++back) {
    if (holds(last_found - back)) {
      last_found -= back;
      return changes_[last_found].frame;
    }
  }
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), sequence,
                                      [](std::uint64_t wanted, const Change& change) { return wanted < change.sequence; });
  if (after == changes_.begin()) return std::nullopt;
  last_found = static_cast<std::size_t>(after - changes_.begin()) - 1;
  return changes_[last_found].frame;
}

std::size_t NodeOrigins::size() const {
  const std::lock_guard lock(mutex_);
  return changes_.size();
}

}  // namespace torchtally::attribution
