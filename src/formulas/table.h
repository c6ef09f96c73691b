// The built-in table: one row per operator base name, sorted, checked at compile time (table.cpp).
#ifndef TORCHTALLY_SRC_FORMULAS_TABLE_H_
#define TORCHTALLY_SRC_FORMULAS_TABLE_H_

#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "torchtally/formula.h"

namespace torchtally::formulas {

struct Row;

// A built-in formula: as torchtally::Formula, with the row it stands in, so that a family shares one function.
using RowFormula = void (*)(const OpCall& call, const Row& row, Cost& cost);

// What rows with the same arithmetic share.
struct Family {
  RowFormula formula;
  std::string_view mathematics;  // for docs/formulas.md: "macs = batch · m · k · n"
  std::string_view source;       // whose count it is: a convention, a paper, a kernel of PyTorch
  // The dtype of the arithmetic is that of the operand that the products are made of, not of what they are added up in.
  bool has_operand_dtype = false;
  // The tensors whose values decide (lengths of packed sequences): their values are handed to the formula.
  absl::Span<const std::string_view> reads_values = {};
};

// What one element costs.
struct Work {
  int flops = 0;
  int transcendentals = 0;
};

struct Row {
  std::string_view name;  // "aten::add", without in-place underscore and overload
  VerdictKind kind = VerdictKind::kZero;
  ZeroReason reason = ZeroReason::kIgnored;  // if kind is kZero
  const Family* family = nullptr;            // if kind is kZero: null, or corrects the bytes
  Work each;                                 // per element; of what, the family says
  Work result;                               // of reductions: per element of the result, on top
  std::string_view arithmetic;               // what of it is not said by the name: "x sigmoid(x)"
  // The same where elements are complex: Note [Complex arithmetic] in building_blocks.h.
  Work complex_each;
  Work complex_result;

  // This row, with what complex elements cost.
  constexpr Row on_complex(Work work, Work work_of_result = {}) const {
    Row row = *this;
    row.complex_each = work;
    row.complex_result = work_of_result;
    return row;
  }
};

absl::Span<const Row> table();

// The row of an operator, or null. `name` as the dispatcher has it: "aten::add_" finds "aten::add".
const Row* find_row(std::string_view name);

// "aten::add_" and "aten::add" are one operator: strips the underscore of an in-place variant ("aten::__and__" stays).
std::string_view base_name(std::string_view name);

}  // namespace torchtally::formulas

#endif  // TORCHTALLY_SRC_FORMULAS_TABLE_H_
