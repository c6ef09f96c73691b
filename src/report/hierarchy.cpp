#include "report/hierarchy.h"

namespace torchtally::report {
namespace {

// The end of the chain of wrappers that begins at `module`.
int innermost(const Tally& tally, const std::vector<std::vector<int>>& children, const std::vector<Cost>& costs, int module) {
  const auto& modules = tally.modules();
  while (children[module].size() == 1) {
    const int child = children[module][0];
    if (costs[child] != costs[module] || modules[child].parameters.total != modules[module].parameters.total) break;
    module = child;
  }
  return module;
}

}  // namespace

std::vector<Node> depth_first(const Tally& tally, int depth, const std::vector<Cost>* folded) {
  const auto& modules = tally.modules();
  std::vector<std::vector<int>> children(modules.size());
  for (int i = static_cast<int>(modules.size()) - 1; i > 0; --i) children[modules[i].parent].push_back(i);  // last one first

  std::vector<Node> order;
  std::vector<Node> pending = {Node{}};
  while (!pending.empty()) {
    Node node = pending.back();
    pending.pop_back();
    if (folded != nullptr) node.module = innermost(tally, children, *folded, node.module);
    order.push_back(node);
    if (depth >= 0 && node.level >= depth) continue;
    for (const int child : children[node.module]) pending.push_back(Node{child, node.level + 1, child});
  }
  return order;
}

std::vector<int> ancestors_at(const Tally& tally, int depth) {
  const auto& modules = tally.modules();
  std::vector<int> ancestors(modules.size());
  std::vector<int> levels(modules.size(), 0);
  for (std::size_t i = 1; i < modules.size(); ++i) {
    levels[i] = levels[modules[i].parent] + 1;
    ancestors[i] = depth >= 0 && levels[i] > depth ? ancestors[modules[i].parent] : static_cast<int>(i);
  }
  return ancestors;
}

std::string own_name(const Tally& tally, int module) {
  const ModuleInfo& info = tally.modules()[module];
  if (info.parent < 0) return info.type.empty() ? "(root)" : info.type;
  const std::string prefix = tally.modules()[info.parent].name + ".";
  return info.name.compare(0, prefix.size(), prefix) == 0 ? info.name.substr(prefix.size()) : info.name;
}

}  // namespace torchtally::report
