#include "report/module_match.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "report/hierarchy.h"
#include "report/sums.h"

namespace torchtally::report {
namespace {

// What modules have in common that are alike, as a hash: the whole subtree.
struct Signatures {
  std::vector<std::size_t> exact;      // type, parameters, costs by operator, children
  std::vector<std::size_t> structure;  // type, children
};

Signatures signatures_of(const Tally& tally) {
  const auto& modules = tally.modules();
  const OperatorNames operators = operator_names(tally);
  const auto costs = own_costs_by_operator(tally, operators);
  std::vector<std::vector<int>> children(modules.size());
  for (std::size_t i = 1; i < modules.size(); ++i) children[modules[i].parent].push_back(static_cast<int>(i));

  Signatures signatures = {std::vector<std::size_t>(modules.size()), std::vector<std::size_t>(modules.size())};
  for (std::size_t i = modules.size(); i-- > 0;) {
    std::vector<std::size_t> exact;
    std::vector<std::size_t> structure;
    for (const OperatorCost& entry : costs[i]) {
      exact.push_back(absl::HashOf(operators.names[entry.op]));
      Cost::for_each_counter([&](auto counter) { exact.push_back(static_cast<std::size_t>(std::int64_t{entry.cost.*counter})); });
    }
    for (const int child : children[i]) {
      exact.push_back(signatures.exact[child]);
      structure.push_back(signatures.structure[child]);
    }
    signatures.exact[i] = absl::HashOf(modules[i].type, modules[i].parameters.total, exact);
    signatures.structure[i] = absl::HashOf(modules[i].type, structure);
  }
  return signatures;
}

class Matcher {
 public:
  Matcher(const Tally& before, const Tally& after)
      : before_(before), after_(after), match_(before.modules().size(), -1), taken_(after.modules().size(), false) {}

  std::vector<int> run() {
    match_names();
    const Signatures before = signatures_of(before_);
    const Signatures after = signatures_of(after_);
    const auto alike = places_of(after.exact);
    for (int i = 0; i < static_cast<int>(match_.size()); ++i) {
      if (match_[i] != -1 || take(i, namesake_below_renamed_parent(i))) continue;
      if (const auto found = alike.find(before.exact[i]); found != alike.end()) take(i, first_free(found->second, parent_of(i)));
    }
    const auto similar = places_of(after.structure);
    for (int i = 0; i < static_cast<int>(match_.size()); ++i) {
      if (match_[i] != -1 || take(i, namesake_below_renamed_parent(i))) continue;
      if (const auto found = similar.find(before.structure[i]); found != similar.end()) {
        take(i, only_free_below(found->second, parent_of(i)));
      }
    }
    return std::move(match_);
  }

 private:
  using Places = absl::flat_hash_map<std::size_t, std::vector<int>>;

  static Places places_of(const std::vector<std::size_t>& signatures) {
    Places places;
    for (std::size_t i = 0; i < signatures.size(); ++i) places[signatures[i]].push_back(static_cast<int>(i));
    return places;
  }

  bool take(int before, int after) {
    if (after == -1 || taken_[after]) return false;
    match_[before] = after;
    taken_[after] = true;
    return true;
  }

  void match_names() {
    absl::flat_hash_map<std::string, int> names;
    for (int i = 0; i < static_cast<int>(taken_.size()); ++i) names.emplace(after_.modules()[i].name, i);
    for (int i = 0; i < static_cast<int>(match_.size()); ++i) {
      if (const auto found = names.find(before_.modules()[i].name); found != names.end()) take(i, found->second);
    }
    for (const auto& [name, i] : names) {
      if (!taken_[i] && i != 0) by_path_.emplace(std::make_pair(after_.modules()[i].parent, own_name(after_, i)), i);
    }
  }

  // What the parent has become; -1 for the root.
  int parent_of(int before) const {
    const int parent = before_.modules()[before].parent;
    return parent == -1 ? -1 : match_[parent];
  }

  int namesake_below_renamed_parent(int before) const {
    const int parent = parent_of(before);
    if (parent == -1) return -1;
    const auto found = by_path_.find(std::make_pair(parent, own_name(before_, before)));
    return found == by_path_.end() ? -1 : found->second;
  }

  // Below `parent` rather than elsewhere.
  int first_free(const std::vector<int>& candidates, int parent) const {
    int elsewhere = -1;
    for (const int candidate : candidates) {
      if (taken_[candidate]) continue;
      if (after_.modules()[candidate].parent == parent) return candidate;
      if (elsewhere == -1) elsewhere = candidate;
    }
    return elsewhere;
  }

  // -1 if there are several: it could be any.
  int only_free_below(const std::vector<int>& candidates, int parent) const {
    int only = -1;
    for (const int candidate : candidates) {
      if (taken_[candidate] || after_.modules()[candidate].parent != parent) continue;
      if (only != -1) return -1;
      only = candidate;
    }
    return only;
  }

  const Tally& before_;
  const Tally& after_;
  std::vector<int> match_;
  std::vector<bool> taken_;
  absl::flat_hash_map<std::pair<int, std::string>, int> by_path_;  // parent and name below it, where the whole name is new
};

}  // namespace

std::vector<int> match_modules(const Tally& before, const Tally& after) { return Matcher(before, after).run(); }

}  // namespace torchtally::report
