#include "torchtally/phase.h"

namespace torchtally {

std::string_view phase_name(Phase phase) {
  constexpr std::array<std::string_view, kPhases.size()> kNames = {"forward", "backward", "recompute", "optimizer", "other"};
  return kNames[static_cast<std::size_t>(phase)];
}

}  // namespace torchtally
