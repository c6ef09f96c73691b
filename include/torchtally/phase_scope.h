// PhaseScope: says which phase the calls belong to that run while it is alive, whatever they are.
//
//   {
//     torchtally::PhaseScope phase(torchtally::Phase::kOther);
//     evaluate(model);
//   }
//
// For what torchtally can't tell by itself: evaluation between two steps, an optimizer of one's own that works with gradients
// enabled. Scopes nest, the innermost holds. Where no guard is alive a scope does nothing.
//
// Errors: GuardMisuse from the destructor if a scope is destroyed out of order or on another thread.
// Thread-safety: belongs to the thread that made it; threads that its work reaches start in its phase.
#ifndef TORCHTALLY_PHASE_SCOPE_H_
#define TORCHTALLY_PHASE_SCOPE_H_

#include <memory>

#include "torchtally/export.h"
#include "torchtally/phase.h"

namespace torchtally {

class [[nodiscard]] TORCHTALLY_API PhaseScope {
 public:
  [[nodiscard]] explicit PhaseScope(Phase phase);
  ~PhaseScope() noexcept(false);

  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;
  PhaseScope(PhaseScope&&) = delete;
  PhaseScope& operator=(PhaseScope&&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;  // null where no guard is alive
};

}  // namespace torchtally

#endif  // TORCHTALLY_PHASE_SCOPE_H_
