// The built-in table in words: what torchtally knows about each operator, for people and for tools that show it.
//
//   for (const torchtally::FormulaDescription& row : torchtally::builtin_formulas()) {
//     std::cout << row.name << ": " << row.mathematics << "\n";      // "aten::exp: transcendentals = 1 · outputs"
//   }
//   if (const auto row = torchtally::find_builtin_formula("aten::add_.Tensor")) std::cout << row->source;
//
// One description serves all overloads of an operator, in-place and out= variants included. They are made from the same rows that
// FormulaSet::builtin() counts by. docs/formulas.md is the whole table.
//
// Thread-safety: pure functions; the results are plain values.
#ifndef TORCHTALLY_FORMULA_TABLE_H_
#define TORCHTALLY_FORMULA_TABLE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "torchtally/export.h"
#include "torchtally/verdict.h"

namespace torchtally {

struct FormulaDescription {
  std::string name;  // "aten::silu"
  VerdictKind kind = VerdictKind::kUnknown;
  ZeroReason reason = ZeroReason::kIgnored;  // if kind is kZero
  std::string mathematics;                   // "transcendentals = 1 · outputs"; never empty
  std::string arithmetic;                    // where those numbers come from, "x sigmoid(x)"; empty where the name says it
  std::string source;                        // whose count it is: a convention, a paper, a kernel of PyTorch; never empty
  // The arithmetic has the type of the operand that products are made of; otherwise that of the result (Verdict::dtype_of).
  bool has_operand_dtype = false;
};

// The whole table, sorted by name (in bytes).
TORCHTALLY_API std::vector<FormulaDescription> builtin_formulas();

// What the table says about an operator; nothing if it does not know it. Takes any spelling of the dispatcher's: "aten::add",
// "aten::add_", "aten::add.Tensor", "aten::add_.Tensor".
TORCHTALLY_API std::optional<FormulaDescription> find_builtin_formula(std::string_view op);

// The name under which an operator is counted and listed: "aten::add_.Tensor" to "aten::add".
TORCHTALLY_API std::string operator_base_name(std::string_view op);

// "counted", "zero: view", "unknown".
TORCHTALLY_API std::string verdict_text(VerdictKind kind, ZeroReason reason);

}  // namespace torchtally

#endif  // TORCHTALLY_FORMULA_TABLE_H_
