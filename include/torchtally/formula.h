// FormulaSet: which operator costs what. A value: copy it, change it, hand it to a guard; there is no global state.
//
//   auto formulas = torchtally::FormulaSet::builtin();
//   formulas.set("mylib::fused_mlp", [](const torchtally::OpCall& call, torchtally::Cost& cost) {
//     cost.add_macs(call.tensor("x").numel() * call.tensor("weight").size(0));
//   });
//   formulas.ignore("aten::dropout");
//   torchtally::CountingGuard guard(*model, formulas);
//
// Every operator has a verdict: counted (a formula gives its cost), zero (it costs no arithmetic, and the reason is named), or
// unknown (no one has said). Unknown operators are reported by name, and what they call inside is still counted.
//
// An operator is named "namespace::name" for all its overloads, in-place ("add_") and out= variants included, or
// "namespace::name.overload" for one, which then wins. A malformed name throws std::invalid_argument.
//
// A composite operator (one that PyTorch decomposes, like aten::linear) has no formula of its own: its parts are counted. Setting
// a formula for one makes it a leaf: it is counted by that formula, its parts are not.
//
// Thread-safety: as a standard container. A guard keeps its own copy.
#ifndef TORCHTALLY_FORMULA_H_
#define TORCHTALLY_FORMULA_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "torchtally/cost.h"
#include "torchtally/export.h"
#include "torchtally/module_formula.h"
#include "torchtally/op_call.h"
#include "torchtally/verdict.h"

namespace torchtally {

// Adds the cost of one call. `cost` arrives with calls, bytes and activations filled in from the shapes (every input read once,
// every output written once); a formula adds macs, flops and transcendentals, and overwrites bytes where that is not so.
// Called on the thread of the operator, after the operator has run. An exception thrown here reaches the operator's caller.
using Formula = std::function<void(const OpCall& call, Cost& cost)>;

namespace formulas {
struct Row;  // a row of the built-in table, src/formulas/table.h
}

// What is known about an operator.
struct Verdict {
  using Kind = VerdictKind;
  Kind kind = Kind::kUnknown;
  ZeroReason reason = ZeroReason::kIgnored;  // if kZero
  // If kCounted, one of these.
  const formulas::Row* row = nullptr;
  std::shared_ptr<const Formula> user;

  // The cost of one call, `calls` included.
  TORCHTALLY_API Cost cost_of(const OpCall& call) const;

  // The type that the arithmetic of a call is in: of what the operator returns; where that is no number (a comparison) or only
  // counts something, of its first tensor. Products have that of the narrower operand, whatever they are added up in.
  TORCHTALLY_API DType dtype_of(const OpCall& call) const;
};

class TORCHTALLY_API FormulaSet {
 public:
  // What torchtally knows: docs/formulas.md.
  static FormulaSet builtin();
  // Nothing known: every operator is unknown until a formula is set.
  static FormulaSet empty();

  // Adds a formula, or overrides the one that is there.
  FormulaSet& set(std::string_view op, Formula formula);
  // Counts the operator as zero, for the reason kIgnored.
  FormulaSet& ignore(std::string_view op);

  // The cost of a module's calls: module_formula.h. `module` is its name ("encoder.layer.3") or its type ("SparseAttention"); a
  // name wins over a type. Throws std::invalid_argument if the formula is empty.
  FormulaSet& set_module(std::string_view module, ModuleFormula formula, ModuleCost how = ModuleCost::kReplace);

  struct ModuleVerdict {
    std::string label;  // "SparseAttention": what set_module() was given
    ModuleFormula formula;
    ModuleCost how = ModuleCost::kReplace;
  };
  bool has_module_formulas() const;
  // Null if there is no formula for the module. Lives as long as this set and its copies are not changed.
  const ModuleVerdict* module_verdict(std::string_view name, std::string_view type) const;

  Verdict verdict(std::string_view name, std::string_view overload = {}) const;

  // True if set() or ignore() named this operator: then it is a leaf even if PyTorch would decompose it.
  bool overrides(std::string_view name, std::string_view overload = {}) const;
  // The names given to set() and ignore(), sorted.
  std::vector<std::string> overridden() const;

 private:
  struct Overrides;
  FormulaSet(bool builtin, std::shared_ptr<const Overrides> overrides);
  FormulaSet& put(std::string_view op, Verdict verdict);

  bool builtin_ = true;
  std::shared_ptr<const Overrides> overrides_;  // shared between copies until one of them changes; never null
};

}  // namespace torchtally

#endif  // TORCHTALLY_FORMULA_H_
