#include "torchtally/diff.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "report/module_match.h"

namespace torchtally {

namespace {

std::vector<CostChange> changes_of(const std::map<std::string, Cost>& before, const std::map<std::string, Cost>& after) {
  std::map<std::string, CostChange> by_name;
  for (const auto& [name, cost] : before) by_name[name].before = cost;
  for (const auto& [name, cost] : after) by_name[name].after = cost;
  std::vector<CostChange> changes;
  for (auto& [name, change] : by_name) {
    change.name = name;
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace

TallyDiff diff(const Tally& before, const Tally& after, Ancestors ancestors) {
  TallyDiff diff;
  diff.before = before.total();
  diff.after = after.total();
  diff.parameters_before = before.parameters();
  diff.parameters_after = after.parameters();

  const std::vector<int> match = report::match_modules(before, after);
  const std::vector<Cost> costs_before = before.inclusive_costs(ancestors);
  const std::vector<Cost> costs_after = after.inclusive_costs(ancestors);
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

  diff.operators = changes_of(before.by_operator(), after.by_operator());
  diff.dtypes = changes_of(before.by_dtype(), after.by_dtype());
  const auto phases_before = before.by_phase();
  const auto phases_after = after.by_phase();
  for (const Phase phase : kPhases) {
    const std::string name(phase_name(phase));
    diff.phases.push_back({name, phases_before.at(name), phases_after.at(name)});
  }
  return diff;
}

bool TallyDiff::is_same() const {
  const auto all_same = [](const auto& changes) {
    return std::all_of(changes.begin(), changes.end(), [](const auto& change) { return change.is_same(); });
  };
  return all_same(modules) && all_same(operators) && all_same(phases) && all_same(dtypes);
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
    const double change = std::abs(is - was) / was;  // infinite where there was nothing
    largest = std::max(largest, change);
  }
  return largest;
}

}  // namespace torchtally
