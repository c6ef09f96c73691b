// NodeOrigins: in which frame one thread's autograd nodes were made, by their sequence numbers.
//
// Note [Sequence numbers]
// A thread numbers the autograd nodes that it makes, in their order. So it is enough to note from which number on they are made
// in which frame: at every change of the frame, not at every node. In backward a node tells its number and the thread that made
// it.
//
// Old notes are dropped, so that a run of any length needs a bounded memory: the last 65,536 changes at least are known. That is
// some thirty forward passes of a model of a thousand modules.
//
// Thread-safety: note() and own_frame_of() on the thread whose nodes they are; frame_of() on any thread.
#ifndef TORCHTALLY_SRC_ATTRIBUTION_NODE_ORIGINS_H_
#define TORCHTALLY_SRC_ATTRIBUTION_NODE_ORIGINS_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "attribution/place.h"

namespace torchtally::attribution {

class NodeOrigins {
 public:
  static constexpr std::size_t kMostChanges = 131'072;

  // Nodes from the number `sequence` on are made in `frame`. Numbers never fall.
  void note(std::uint64_t sequence, FrameId frame);

  // Nothing if the node was made before the first note that is still known.
  std::optional<FrameId> frame_of(std::uint64_t sequence) const;
  // The same, for less: only this thread writes.
  std::optional<FrameId> own_frame_of(std::uint64_t sequence) { return search(sequence, last_found_); }

  // Changes that are known: for tests.
  std::size_t size() const;

 private:
  struct Change {
    std::uint64_t sequence = 0;
    FrameId frame = kRootFrame;
  };

  std::optional<FrameId> search(std::uint64_t sequence, std::size_t& last_found) const;

  mutable std::mutex mutex_;     // guards changes_, and writing to it
  std::vector<Change> changes_;  // by sequence
  // Backward goes from the newest node to the oldest: the next one's change is the last one's, or lies just before it.
  std::size_t last_found_ = 0;
  mutable std::size_t last_found_by_others_ = 0;
};

}  // namespace torchtally::attribution

#endif  // TORCHTALLY_SRC_ATTRIBUTION_NODE_ORIGINS_H_
