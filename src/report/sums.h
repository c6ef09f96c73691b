// Sums over the rows of a Tally by index: with a million rows Tally's own maps by name take seconds.
#ifndef TORCHTALLY_SRC_REPORT_SUMS_H_
#define TORCHTALLY_SRC_REPORT_SUMS_H_

#include <string>
#include <vector>

#include "torchtally/tally.h"

namespace torchtally::report {

// Operators by name, overloads together.
struct OperatorNames {
  std::vector<std::string> names;          // sorted, each once
  std::vector<int> by_operator;            // index in Tally::operators() to index in `names`
  std::vector<const OperatorInfo*> infos;  // of each name's first overload
};
OperatorNames operator_names(const Tally& tally);

struct OperatorCost {
  int op = 0;  // index in OperatorNames::names
  Cost cost;
};

// By index in Tally::modules(): what ran directly in the module, by operator, sorted by `op`.
std::vector<std::vector<OperatorCost>> own_costs_by_operator(const Tally& tally, const OperatorNames& operators);

// The same with everything below the module.
std::vector<std::vector<OperatorCost>> inclusive_costs_by_operator(const Tally& tally, const OperatorNames& operators);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_SUMS_H_
