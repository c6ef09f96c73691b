// call_tree: a tally whose modules are the stacks of modules that were seen, for reports by caller that show a hierarchy.
#ifndef TORCHTALLY_SRC_REPORT_CALL_TREE_H_
#define TORCHTALLY_SRC_REPORT_CALL_TREE_H_

#include "torchtally/tally.h"

namespace torchtally::report {

// The same rows, each in a module for its frame, whose parent is the one for the frame's caller. A module that was called from
// three places is there three times, one that calls itself is there once; called by one that does not own it, its name is in
// parentheses: "body.(head)". Modules in which nothing ran are below the one that owns them.
Tally call_tree(const Tally& tally);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_CALL_TREE_H_
