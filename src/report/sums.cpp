#include "report/sums.h"

#include <algorithm>
#include <map>
#include <utility>

namespace torchtally::report {
namespace {

// Adds `other` to `sums`; both are sorted by operator.
void merge_into(std::vector<OperatorCost>& sums, const std::vector<OperatorCost>& other) {
  std::vector<OperatorCost> merged;
  merged.reserve(sums.size() + other.size());
  auto left = sums.begin();
  for (const OperatorCost& right : other) {
    while (left != sums.end() && left->op < right.op) merged.push_back(*left++);
    merged.push_back(right);
    if (left != sums.end() && left->op == right.op) merged.back().cost += left++->cost;
  }
  merged.insert(merged.end(), left, sums.end());
  sums = std::move(merged);
}

}  // namespace

OperatorNames operator_names(const Tally& tally) {
  std::map<std::string, const OperatorInfo*> sorted;
  for (const OperatorInfo& op : tally.operators()) sorted.emplace(op.name, &op);
  OperatorNames operators;
  for (const auto& [name, info] : sorted) {
    operators.names.push_back(name);
    operators.infos.push_back(info);
  }
  for (const OperatorInfo& op : tally.operators()) {
    const auto found = std::lower_bound(operators.names.begin(), operators.names.end(), op.name);
    operators.by_operator.push_back(static_cast<int>(found - operators.names.begin()));
  }
  return operators;
}

std::vector<std::vector<OperatorCost>> own_costs_by_operator(const Tally& tally, const OperatorNames& operators) {
  const auto& rows = tally.rows();
  std::vector<std::vector<int>> rows_of(tally.modules().size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows_of[rows[i].module].push_back(static_cast<int>(i));

  std::vector<std::vector<OperatorCost>> costs(rows_of.size());
  std::vector<int> place(operators.names.size(), -1);  // of an operator in the module's list
  for (std::size_t module = 0; module < rows_of.size(); ++module) {
    std::vector<OperatorCost>& own = costs[module];
    for (const int row : rows_of[module]) {
      const int op = operators.by_operator[rows[row].op];
      if (place[op] == -1) {
        place[op] = static_cast<int>(own.size());
        own.push_back({op, Cost()});
      }
      own[place[op]].cost += rows[row].cost;
    }
    for (const OperatorCost& entry : own) place[entry.op] = -1;
    std::sort(own.begin(), own.end(), [](const OperatorCost& a, const OperatorCost& b) { return a.op < b.op; });
  }
  return costs;
}

std::vector<std::vector<OperatorCost>> inclusive_costs_by_operator(const Tally& tally, const OperatorNames& operators) {
  auto costs = own_costs_by_operator(tally, operators);
  for (std::size_t i = costs.size(); i-- > 1;) merge_into(costs[tally.modules()[i].parent], costs[i]);
  return costs;
}

}  // namespace torchtally::report
