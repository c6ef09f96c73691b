// Phase: the part of a training step that an operator call belongs to.
//
// Note [Phases]
// - forward: whatever is none of the others: inference, the loss, the data's preparation.
// - backward: what autograd runs: a node of the graph, or the sum of gradients that meet.
// - recompute: forward operators that run again inside of backward (activation checkpointing): a call within a backward node
//   with gradients enabled though the backward itself does not record (create_graph is off), or in a ModuleScope opened there.
//   Whether a backward records is told by its first operator; where that is itself a forward that runs again, inside a function
//   of PyTorch's own (the loss in a checkpoint without modules), it is taken for backward.
// - optimizer: what runs after a backward with gradients disabled, and what takes a gradient of a parameter of the guard's model,
//   until a parameter is used with gradients enabled, a module is entered, or a parameter of the model is used as a weight:
//   beside a tensor of another shape. (torch::optim has no hooks that could tell.) So clipping, unscaling and the update are
//   optimizer; so is zero_grad() where it comes after the backward.
// - other: what a PhaseScope (phase_scope.h) says. A PhaseScope overrules everything above.
#ifndef TORCHTALLY_PHASE_H_
#define TORCHTALLY_PHASE_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "torchtally/export.h"

namespace torchtally {

enum class Phase : std::uint8_t { kForward, kBackward, kRecompute, kOptimizer, kOther };

inline constexpr std::array<Phase, 5> kPhases = {Phase::kForward, Phase::kBackward, Phase::kRecompute, Phase::kOptimizer,
                                                 Phase::kOther};

// "forward", "backward", "recompute", "optimizer", "other".
TORCHTALLY_API std::string_view phase_name(Phase phase);

}  // namespace torchtally

#endif  // TORCHTALLY_PHASE_H_
