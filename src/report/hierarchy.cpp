#include "report/hierarchy.h"

namespace torchtally::report {

std::vector<Node> depth_first(const Tally& tally, int depth) {
  const auto& modules = tally.modules();
  std::vector<std::vector<int>> children(modules.size());
  for (int i = static_cast<int>(modules.size()) - 1; i > 0; --i) children[modules[i].parent].push_back(i);  // last one first

  std::vector<Node> order;
  std::vector<Node> pending = {Node{}};
  while (!pending.empty()) {
    const Node node = pending.back();
    pending.pop_back();
    order.push_back(node);
    if (depth >= 0 && node.level >= depth) continue;
    for (int child : children[node.module]) pending.push_back(Node{child, node.level + 1});
  }
  return order;
}

}  // namespace torchtally::report
