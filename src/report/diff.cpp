#include "torchtally/diff.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "report/module_match.h"

namespace torchtally {

TallyDiff diff(const Tally& before, const Tally& after) {
  TallyDiff diff;
  diff.before = before.total();
  diff.after = after.total();
  diff.parameters_before = before.parameters();
  diff.parameters_after = after.parameters();

  const std::vector<int> match = report::match_modules(before, after);
  const std::vector<Cost> costs_before = before.inclusive_costs();
  const std::vector<Cost> costs_after = after.inclusive_costs();
  for (std::size_t i = 0; i < after.modules().size(); ++i) {
    const ModuleInfo& module = after.modules()[i];
    diff.modules.push_back({std::nullopt, module.name, module.type, {}, module.parameters, {}, costs_after[i]});
  }
  for (std::size_t i = 0; i < before.modules().size(); ++i) {
    const ModuleInfo& module = before.modules()[i];
    if (match[i] == -1) {
      diff.modules.push_back({module.name, std::nullopt, module.type, module.parameters, {}, costs_before[i], {}});
      continue;
    }
    ModuleChange& change = diff.modules[match[i]];
    change.name_before = module.name;
    change.parameters_before = module.parameters;
    change.before = costs_before[i];
  }

  std::map<std::string, OperatorChange> operators;
  for (auto& [name, cost] : before.by_operator()) operators[name].before = cost;
  for (auto& [name, cost] : after.by_operator()) operators[name].after = cost;
  for (auto& [name, change] : operators) {
    change.name = name;
    diff.operators.push_back(std::move(change));
  }
  return diff;
}

bool TallyDiff::is_same() const {
  return std::all_of(modules.begin(), modules.end(), [](const ModuleChange& change) { return change.is_same(); }) &&
         std::all_of(operators.begin(), operators.end(),
                     [](const OperatorChange& change) { return change.before == change.after; });
}

double TallyDiff::largest_relative_change() const {
  const std::array<std::pair<Count, Count>, 7> totals = {{{before.macs, after.macs},
                                                          {before.flops, after.flops},
                                                          {before.transcendentals, after.transcendentals},
                                                          {before.bytes_read, after.bytes_read},
                                                          {before.bytes_written, after.bytes_written},
                                                          {before.activations, after.activations},
                                                          {parameters_before.total, parameters_after.total}}};
  double largest = 0;
  for (const auto& [old_count, new_count] : totals) {
    if (old_count == new_count) continue;
    const auto was = static_cast<double>(std::int64_t{old_count});
    const auto is = static_cast<double>(std::int64_t{new_count});
    largest = std::max(largest, was == 0 ? std::numeric_limits<double>::infinity() : std::abs(is - was) / was);
  }
  return largest;
}

}  // namespace torchtally
