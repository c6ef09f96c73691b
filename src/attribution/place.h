// Place: where a call belongs: a frame of the module stack, and a phase.
#ifndef TORCHTALLY_SRC_ATTRIBUTION_PLACE_H_
#define TORCHTALLY_SRC_ATTRIBUTION_PLACE_H_

#include <cstdint>

#include "torchtally/phase.h"

namespace torchtally::attribution {

using ModuleId = std::uint32_t;
inline constexpr ModuleId kRoot = 0;

// A module, and the frame from which it was entered: a node of the tree of calls.
using FrameId = std::uint32_t;
inline constexpr FrameId kRootFrame = 0;

// In one word, because every operator call compares it.
class Place {
 public:
  constexpr Place() = default;
  constexpr Place(FrameId frame, Phase phase) : packed_(frame << kPhaseBits | static_cast<std::uint32_t>(phase)) {}

  constexpr FrameId frame() const { return packed_ >> kPhaseBits; }
  constexpr Phase phase() const { return static_cast<Phase>(packed_ & ((1U << kPhaseBits) - 1)); }
  constexpr std::uint32_t packed() const { return packed_; }

  friend constexpr bool operator==(Place a, Place b) { return a.packed_ == b.packed_; }
  friend constexpr bool operator!=(Place a, Place b) { return !(a == b); }
  friend constexpr bool operator<(Place a, Place b) { return a.packed_ < b.packed_; }

 private:
  static constexpr int kPhaseBits = 3;
  std::uint32_t packed_ = 0;
};

}  // namespace torchtally::attribution

#endif  // TORCHTALLY_SRC_ATTRIBUTION_PLACE_H_
