#include <stdexcept>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "dispatch/model_modules.h"

namespace torchtally::dispatch {
namespace {

using attribution::ModuleId;
using attribution::ModuleTree;

void check(const ModuleList& list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const int parent = list[i].parent;
    if (i == 0 ? parent == -1 : parent >= 0 && parent < static_cast<int>(i)) continue;
    throw std::invalid_argument("torchtally::ModuleList: module " + std::to_string(i) + " (" + list[i].name +
                                ") does not come after its parent");
  }
}

// The distinct parameters of each module and all below it.
class ParameterSets {
 public:
  explicit ParameterSets(const ModuleList& list)
      : list_(list), children_(list.size()), sets_(list.size()), is_made_(list.size()) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      first_of_.try_emplace(list[i].identity, i);
      if (i > 0) children_[static_cast<std::size_t>(list[i].parent)].push_back(i);
    }
  }

  ParameterCount count(std::size_t module) {
    ParameterCount count;
    for (const auto& [identity, parameter] : set(module)) {
      count.total += parameter->elements;
      if (parameter->trainable) count.trainable += parameter->elements;
    }
    return count;
  }

 private:
  using Set = absl::flat_hash_map<const void*, const ListedParameter*>;

  const Set& set(std::size_t module) {
    module = first_of_[list_[module].identity];  // what is below a shared module is listed there
    Set& made = sets_[module];
    if (is_made_[module]) return made;
    is_made_[module] = true;  // now, so that a module inside of itself ends
    for (const ListedParameter& parameter : list_[module].parameters) made.try_emplace(parameter.identity, &parameter);
    for (const std::size_t child : children_[module]) {
      const Set& below = set(child);
      made.insert(below.begin(), below.end());
    }
    return made;
  }

  const ModuleList& list_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<Set> sets_;
  std::vector<bool> is_made_;
  absl::flat_hash_map<const void*, std::size_t> first_of_;
};

}  // namespace

void list_modules(const ModuleList& model, Context& context) {
  ModuleTree& tree = context.modules();
  if (model.empty()) return;
  check(model);
  ParameterSets parameters(model);
  tree.describe_root(model[0].identity, model[0].type, parameters.count(0), model[0].type_key);
  std::vector<ModuleId> ids;
  for (std::size_t i = 0; i < model.size(); ++i) {
    const ListedModule& module = model[i];
    ids.push_back(i == 0 ? attribution::kRoot
                         : tree.register_module(ids[static_cast<std::size_t>(module.parent)], module.name, module.identity,
                                                module.type, parameters.count(i), module.type_key)
                               .first);
    for (const ListedParameter& parameter : module.parameters) {
      if (parameter.tensor != nullptr) context.owners().add(ids.back(), *parameter.tensor);
    }
  }
}

ModuleId add_called_module(const void* identity, const ModuleList& module, ModuleId around, ModuleTree& tree) {
  if (module.empty()) return around;
  check(module);
  ParameterSets parameters(module);
  std::vector<ModuleId> ids;
  for (std::size_t i = 0; i < module.size(); ++i) {
    const ListedModule& listed = module[i];
    const ModuleId parent = i == 0 ? around : ids[listed.parent];
    ids.push_back(tree.register_late(parent, listed.name, listed.identity, listed.type, parameters.count(i), listed.type_key));
  }
  tree.identify(ids[0], identity);
  return ids[0];
}

}  // namespace torchtally::dispatch
