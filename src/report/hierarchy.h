// The modules of a Tally in the order in which a reader expects them: each followed by what is below it.
#ifndef TORCHTALLY_SRC_REPORT_HIERARCHY_H_
#define TORCHTALLY_SRC_REPORT_HIERARCHY_H_

#include <string>
#include <vector>

#include "torchtally/tally.h"

namespace torchtally::report {

struct Node {
  int module = 0;     // index in Tally::modules()
  int level = 0;      // 0 for the root
  int outermost = 0;  // the first of a chain of wrappers that was folded into `module`; otherwise `module` itself
};

// Depth first, siblings in definition order, down to `depth` levels below the root (negative: all). Tally::modules() is not in
// that order: a scope that was opened by name comes at its end, wherever its parent is.
//
// With `folded`, the modules' inclusive costs: where a module's only child has the same cost and as many parameters, the two are
// one node, and one level.
std::vector<Node> depth_first(const Tally& tally, int depth, const std::vector<Cost>* folded = nullptr);

// By index in Tally::modules(): what is directly below the module, in definition order.
std::vector<std::vector<int>> children_of(const Tally& tally);

// By index in Tally::modules(): the module's ancestor at `depth` levels below the root, or itself if it is not deeper.
std::vector<int> ancestors_at(const Tally& tally, int depth);

// By index in Tally::frames(): the module of the frame that is `depth` callers above the first, or its own if it is not deeper.
std::vector<int> callers_at(const Tally& tally, int depth);

// The name below the parent's: where indentation or a path shows the rest. The root: its type, or "(root)".
std::string own_name(const Tally& tally, int module);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_HIERARCHY_H_
