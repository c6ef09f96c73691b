// Lists of operators as text: pure functions.
#ifndef TORCHTALLY_SRC_CLI_OPS_REPORT_H_
#define TORCHTALLY_SRC_CLI_OPS_REPORT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/known_operators.h"

namespace torchtally::cli {

// Operator, overloads that are counted themselves, verdict, mathematics; one line each. `width` characters, 0: no limit.
std::string operators_table(const std::vector<KnownOperator>& operators, std::size_t width);

// A table per namespace. As a whole document: with what docs/formulas.md says above them.
std::string operators_markdown(const std::vector<KnownOperator>& operators, bool whole_document);

// Schema torchtally.ops/1: docs/json.md.
std::string operators_json(const std::vector<KnownOperator>& operators, std::string_view torch_version);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_OPS_REPORT_H_
