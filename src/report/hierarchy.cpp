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

std::vector<std::vector<int>> children_of(const Tally& tally) {
  const auto& modules = tally.modules();
  std::vector<std::vector<int>> children(modules.size());
  for (std::size_t i = 1; i < modules.size(); ++i) children[modules[i].parent].push_back(static_cast<int>(i));
  return children;
}

std::vector<Node> depth_first(const Tally& tally, int depth, const std::vector<Cost>* folded) {
  const std::vector<std::vector<int>> children = children_of(tally);
  std::vector<Node> order;
  std::vector<Node> pending = {Node{}};
  while (!pending.empty()) {
    Node node = pending.back();
    pending.pop_back();
    if (folded != nullptr) node.module = innermost(tally, children, *folded, node.module);
    order.push_back(node);
    if (depth >= 0 && node.level >= depth) continue;
    const std::vector<int>& below = children[node.module];
    for (auto child = below.rbegin(); child != below.rend(); ++child) pending.push_back(Node{*child, node.level + 1, *child});
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

std::vector<int> callers_at(const Tally& tally, int depth) {
  const auto& frames = tally.frames();
  std::vector<int> callers(frames.size());
  std::vector<int> levels(frames.size(), 0);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const int caller = frames[i].caller;
    // A module that calls itself stays at its level; the root does, where its forward() runs.
    if (caller >= 0) levels[i] = levels[caller] + (frames[caller].module == frames[i].module ? 0 : 1);
    callers[i] = caller >= 0 && depth >= 0 && levels[i] > depth ? callers[caller] : frames[i].module;
  }
  return callers;
}

std::string own_name(const Tally& tally, int module) {
  const ModuleInfo& info = tally.modules()[module];
  if (info.parent < 0) return info.type.empty() ? "(root)" : info.type;
  const std::string prefix = tally.modules()[info.parent].name + ".";
  return info.name.compare(0, prefix.size(), prefix) == 0 ? info.name.substr(prefix.size()) : info.name;
}

}  // namespace torchtally::report
