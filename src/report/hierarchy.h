// The modules of a Tally in the order in which a reader expects them: each followed by what is below it.
#ifndef TORCHTALLY_SRC_REPORT_HIERARCHY_H_
#define TORCHTALLY_SRC_REPORT_HIERARCHY_H_

#include <vector>

#include "torchtally/tally.h"

namespace torchtally::report {

struct Node {
  int module = 0;  // index in Tally::modules()
  int level = 0;   // 0 for the root
};

// Depth first, siblings in definition order, down to `depth` levels below the root (negative: all). Tally::modules() is not in
// that order: a scope that was opened by name comes at its end, wherever its parent is.
std::vector<Node> depth_first(const Tally& tally, int depth);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_HIERARCHY_H_
