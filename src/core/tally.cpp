#include "torchtally/tally.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace torchtally {

Tally::Tally(std::vector<ModuleInfo> modules, std::vector<OperatorInfo> operators, std::vector<Row> rows,
             std::vector<FrameInfo> frames)
    : modules_(std::move(modules)), operators_(std::move(operators)), rows_(std::move(rows)), frames_(std::move(frames)) {
  if (modules_.empty() || modules_[0].parent != -1) throw std::invalid_argument("torchtally::Tally: modules[0] must be the root");
  for (int i = 1; i < static_cast<int>(modules_.size()); ++i) {
    if (modules_[i].parent < 0 || modules_[i].parent >= i) {
      throw std::invalid_argument("torchtally::Tally: module '" + modules_[i].name + "' comes before its parent");
    }
  }
  const auto is_within = [](int index, const auto& list) { return index >= 0 && index < static_cast<int>(list.size()); };
  for (int i = 0; i < static_cast<int>(frames_.size()); ++i) {
    if (!is_within(frames_[i].module, modules_) || frames_[i].caller >= i || (i > 0 && frames_[i].caller < 0)) {
      throw std::invalid_argument("torchtally::Tally: a frame points outside of the modules, or comes before its caller");
    }
  }
  for (const Row& row : rows_) {
    if (!is_within(row.module, modules_) || !is_within(row.op, operators_)) {
      throw std::invalid_argument("torchtally::Tally: a row points outside of the modules or operators");
    }
    if (row.frame != -1 && (!is_within(row.frame, frames_) || frames_[row.frame].module != row.module)) {
      throw std::invalid_argument("torchtally::Tally: a row's frame is not one of its module");
    }
  }
}

template <typename Visit>
void Tally::for_each_ancestor(const Row& row, Ancestors ancestors, Visit visit) const {
  if (ancestors == Ancestors::kOwner || row.frame == -1) {
    for (int m = row.module; m != -1; m = modules_[m].parent) visit(m);
    return;
  }
  std::vector<int> seen;  // a module that calls itself is on the stack more than once
  for (int f = row.frame; f != -1; f = frames_[f].caller) {
    const int module = frames_[f].module;
    if (std::find(seen.begin(), seen.end(), module) != seen.end()) continue;
    seen.push_back(module);
    visit(module);
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

std::vector<Cost> Tally::inclusive_costs(Ancestors ancestors) const {
  std::vector<Cost> costs(modules_.size());
  if (ancestors == Ancestors::kCaller) {
    for (const Row& row : rows_) {
      for_each_ancestor(row, ancestors, [&](int module) { costs[module] += row.cost; });
    }
    return costs;
  }
  for (const Row& row : rows_) costs[row.module] += row.cost;
  for (std::size_t i = modules_.size(); i-- > 1;) costs[modules_[i].parent] += costs[i];
  return costs;
}

std::map<std::string, Cost> Tally::by_module(Ancestors ancestors) const {
  const std::vector<Cost> costs = inclusive_costs(ancestors);
  std::map<std::string, Cost> named;
  for (std::size_t i = 0; i < modules_.size(); ++i) named[modules_[i].name] = costs[i];
  return named;
}

std::map<std::string, Cost> Tally::by_phase() const {
  std::map<std::string, Cost> costs;
  for (const Phase phase : kPhases) costs[std::string(phase_name(phase))];
  for (const Row& row : rows_) costs[std::string(phase_name(row.phase))] += row.cost;
  return costs;
}

std::map<std::string, Cost> Tally::by_dtype() const {
  std::map<std::string, Cost> costs;
  for (const Row& row : rows_) costs[row.dtype == DType::kUndefined ? "none" : std::string(dtype_name(row.dtype))] += row.cost;
  return costs;
}

std::map<std::string, std::map<std::string, Cost>> Tally::by_module_and_operator(Ancestors ancestors) const {
  std::map<std::string, std::map<std::string, Cost>> costs;
  for (const ModuleInfo& module : modules_) costs[module.name];
  for (const Row& row : rows_) {
    for_each_ancestor(row, ancestors, [&](int m) { costs[modules_[m].name][operators_[row.op].name] += row.cost; });
  }
  return costs;
}

std::map<std::string, std::map<std::string, Cost>> Tally::by_module_and_phase(Ancestors ancestors) const {
  std::map<std::string, std::map<std::string, Cost>> costs;
  for (const ModuleInfo& module : modules_) {
    for (const Phase phase : kPhases) costs[module.name][std::string(phase_name(phase))];
  }
  for (const Row& row : rows_) {
    for_each_ancestor(row, ancestors, [&](int m) { costs[modules_[m].name][std::string(phase_name(row.phase))] += row.cost; });
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
