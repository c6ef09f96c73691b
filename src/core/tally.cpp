#include "torchtally/tally.h"

#include <stdexcept>
#include <utility>

namespace torchtally {

Tally::Tally(std::vector<ModuleInfo> modules, std::vector<OperatorInfo> operators, std::vector<Row> rows)
    : modules_(std::move(modules)), operators_(std::move(operators)), rows_(std::move(rows)) {
  if (modules_.empty() || modules_[0].parent != -1) throw std::invalid_argument("torchtally::Tally: modules[0] must be the root");
  for (int i = 1; i < static_cast<int>(modules_.size()); ++i) {
    if (modules_[i].parent < 0 || modules_[i].parent >= i) {
      throw std::invalid_argument("torchtally::Tally: module '" + modules_[i].name + "' comes before its parent");
    }
  }
  for (const Row& row : rows_) {
    if (row.module < 0 || row.module >= static_cast<int>(modules_.size()) || row.op < 0 ||
        row.op >= static_cast<int>(operators_.size())) {
      throw std::invalid_argument("torchtally::Tally: a row points outside of the modules or operators");
    }
  }
}

Cost Tally::total() const {
  Cost sum;
  for (const Row& row : rows_) sum += row.cost;
  return sum;
}

std::map<std::string, Cost> Tally::by_operator() const {
  std::map<std::string, Cost> costs;
  for (const Row& row : rows_) costs[operators_[row.op].name] += row.cost;
  return costs;
}

std::vector<Cost> Tally::inclusive_costs() const {
  std::vector<Cost> costs(modules_.size());
  for (const Row& row : rows_) costs[row.module] += row.cost;
  for (std::size_t i = modules_.size(); i-- > 1;) costs[modules_[i].parent] += costs[i];
  return costs;
}

std::map<std::string, Cost> Tally::by_module() const {
  const std::vector<Cost> costs = inclusive_costs();
  std::map<std::string, Cost> named;
  for (std::size_t i = 0; i < modules_.size(); ++i) named[modules_[i].name] = costs[i];
  return named;
}

std::map<std::string, Cost> Tally::by_dtype() const {
  std::map<std::string, Cost> costs;
  for (const Row& row : rows_) costs[row.dtype == DType::kUndefined ? "none" : std::string(dtype_name(row.dtype))] += row.cost;
  return costs;
}

std::map<std::string, std::map<std::string, Cost>> Tally::by_module_and_operator() const {
  std::map<std::string, std::map<std::string, Cost>> costs;
  for (const ModuleInfo& module : modules_) costs[module.name];
  for (const Row& row : rows_) {
    for (int m = row.module; m != -1; m = modules_[m].parent) costs[modules_[m].name][operators_[row.op].name] += row.cost;
  }
  return costs;
}

std::map<std::string, Count> Tally::unknown_operators() const {
  std::map<std::string, Count> calls;
  for (const Row& row : rows_) {
    if (operators_[row.op].verdict == VerdictKind::kUnknown) calls[operators_[row.op].name] += row.cost.calls;
  }
  return calls;
}

std::map<std::string, ZeroReason> Tally::zero_operators() const {
  std::map<std::string, ZeroReason> reasons;
  for (const OperatorInfo& op : operators_) {
    if (op.verdict == VerdictKind::kZero) reasons[op.name] = op.reason;
  }
  return reasons;
}

std::vector<std::string> Tally::uncalled_modules() const {
  std::vector<std::string> names;
  for (const ModuleInfo& module : modules_) {
    if (module.registered && !module.called) names.push_back(module.name);
  }
  return names;
}

ParameterCount Tally::parameters() const { return modules_[0].parameters; }

bool Tally::saturated() const { return total().saturated(); }

}  // namespace torchtally
