#include "report/call_tree.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace torchtally::report {
namespace {

class CallTree {
 public:
  explicit CallTree(const Tally& tally) : tally_(tally) {
    add(0, -1);
    for (const FrameInfo& frame : tally.frames()) {
      const int caller = frame.caller < 0 ? 0 : by_frame_[static_cast<std::size_t>(frame.caller)];
      // The root's forward() is entered from the frame that a guard begins with, which is the root's too.
      const bool is_callers = module_of_[caller] == frame.module;
      by_frame_.push_back(is_callers ? caller : add(frame.module, caller));
    }
    for (const Tally::Row& row : tally.rows()) {
      rows_.push_back(row);
      rows_.back().module = row.frame == -1 ? of_owner(row.module) : by_frame_[static_cast<std::size_t>(row.frame)];
      rows_.back().frame = -1;
    }
    for (std::size_t i = 1; i < tally.modules().size(); ++i) {
      if (!tally.modules()[i].called) of_owner(static_cast<int>(i));
    }
  }

  Tally tally() && { return Tally(std::move(nodes_), tally_.operators(), std::move(rows_)); }

 private:
  // The node of `module` below `parent`; a new one if there is none.
  int add(int module, int parent) {
    const auto [place, is_new] = by_caller_.try_emplace({module, parent}, static_cast<int>(nodes_.size()));
    if (!is_new) return place->second;
    ModuleInfo node = tally_.modules()[module];
    node.parent = parent;
    node.aliases.clear();
    if (parent >= 0) node.name = name_of(node.name, parent);
    module_of_.push_back(module);
    nodes_.push_back(std::move(node));
    return place->second;
  }

  // Where a row belongs whose frame is not known: the caller is taken for the owner.
  int of_owner(int module) {
    const int parent = tally_.modules()[module].parent;
    return parent < 0 ? 0 : add(module, of_owner(parent));
  }

  std::string name_of(const std::string& module, int parent) const {
    const std::string& caller = tally_.modules()[module_of_[parent]].name;
    const std::string prefix = caller.empty() ? "" : caller + ".";
    const bool is_below = module.compare(0, prefix.size(), prefix) == 0;
    const std::string& above = nodes_[parent].name;
    return (above.empty() ? "" : above + ".") + (is_below ? module.substr(prefix.size()) : "(" + module + ")");
  }

  const Tally& tally_;
  std::vector<ModuleInfo> nodes_;
  std::vector<int> module_of_;                    // by node
  std::vector<int> by_frame_;                     // nodes
  std::map<std::pair<int, int>, int> by_caller_;  // of module and parent's node
  std::vector<Tally::Row> rows_;
};

}  // namespace

Tally call_tree(const Tally& tally) { return CallTree(tally).tally(); }

}  // namespace torchtally::report
