// The operators of the LibTorch at hand, and what the table says about them.
#ifndef TORCHTALLY_SRC_CLI_KNOWN_OPERATORS_H_
#define TORCHTALLY_SRC_CLI_KNOWN_OPERATORS_H_

#include <map>
#include <string>
#include <vector>

#include "torchtally/formula_table.h"

namespace torchtally::cli {

struct Overload {
  std::string name;                       // "aten::add_.Tensor"
  std::string schema;                     // "aten::add_.Tensor(Tensor(a!) self, ..."
  bool composite = false;                 // its parts are counted
  std::vector<std::string> own_backends;  // of a composite: where it has a kernel of its own, and is counted itself
};

struct KnownOperator {
  FormulaDescription formula;       // kind is kUnknown if there is no row; then mathematics says what that means
  std::vector<Overload> overloads;  // in this LibTorch, sorted by name

  // Overloads that are counted themselves.
  std::size_t leaf_overloads() const;
};

// By base name: every row of the table, and every operator that LibTorch has now.
using KnownOperators = std::map<std::string, KnownOperator>;
KnownOperators known_operators();

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_KNOWN_OPERATORS_H_
