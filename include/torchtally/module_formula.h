// ModuleFormula: the cost of a call of a module as a whole, for what operators can't tell: a kernel of one's own behind an
// operator that does too little or too much, a figure that a paper gives.
//
//   auto formulas = torchtally::FormulaSet::builtin();
//   formulas.set_module("SparseAttention", [](const torchtally::ModuleCall& call, torchtally::Cost& cost) {
//     const auto& x = call.input_sizes.at(0);                      // batch, length, width
//     cost.add_macs(2 * x[0] * x[1] * 128 * x[2]);                 // a window of 128
//   });
//
// It is applied when a scope of the module closes (ModuleScope, call(), Python's hooks), once a call, in the phase in which the
// scope was opened. Modules that nobody opens a scope for (TorchScript's, those known by their parameters) have no scope
// to apply it to. With ModuleCost::kReplace the operators that run while the scope is open are not counted; those that run in
// backward for its nodes are, since no call of the module is to be seen there.
//
// In a tally it is an operator named "torchtally::module(SparseAttention)", or "torchtally::module(SparseAttention, replaced)".
#ifndef TORCHTALLY_MODULE_FORMULA_H_
#define TORCHTALLY_MODULE_FORMULA_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "torchtally/cost.h"

namespace torchtally {

// Sizes of tensors, in the order of the arguments.
using TensorSizes = std::vector<std::vector<std::int64_t>>;

struct ModuleCall {
  std::string_view name;  // "encoder.layer.3"
  std::string_view type;  // "SparseAttention"; empty for a scope that is opened by a name only
  // Where the scope was told: call(), ModuleScope::set_input_sizes(); else empty.
  const TensorSizes& input_sizes;
  const TensorSizes& output_sizes;
};

// Adds the cost of one call; `calls` is one already. Called on the thread of the scope, when it closes, unless an exception
// closes it. What it throws reaches the one who closes the scope.
using ModuleFormula = std::function<void(const ModuleCall& call, Cost& cost)>;

enum class ModuleCost : std::uint8_t {
  kAdd,      // to what is counted inside
  kReplace,  // what is counted inside
};

}  // namespace torchtally

#endif  // TORCHTALLY_MODULE_FORMULA_H_
