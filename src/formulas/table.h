// The built-in table: one row per operator base name, sorted, checked at compile time (table.cpp).
#ifndef TORCHTALLY_SRC_FORMULAS_TABLE_H_
#define TORCHTALLY_SRC_FORMULAS_TABLE_H_

#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "torchtally/formula.h"

namespace torchtally::formulas {

// A built-in formula: as torchtally::Formula, with the row it stands in, so that a family shares one function.
using RowFormula = void (*)(const OpCall& call, const Row& row, Cost& cost);

struct Row {
  std::string_view name;         // "aten::add", without in-place underscore and overload
  RowFormula formula = nullptr;  // null: zero, for `reason`
  ZeroReason reason = ZeroReason::kIgnored;
  int flops = 0;            // per element, for the families that count so
  int transcendentals = 0;  // likewise
};

absl::Span<const Row> table();

// The row of an operator, or null. `name` as the dispatcher has it: "aten::add_" finds "aten::add".
const Row* find_row(std::string_view name);

// "aten::add_" and "aten::add" are one operator: strips the underscore of an in-place variant ("aten::__and__" stays).
std::string_view base_name(std::string_view name);

}  // namespace torchtally::formulas

#endif  // TORCHTALLY_SRC_FORMULAS_TABLE_H_
