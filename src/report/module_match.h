// Which module of one tally is which of another: by name, and by what they are where names have changed.
#ifndef TORCHTALLY_SRC_REPORT_MODULE_MATCH_H_
#define TORCHTALLY_SRC_REPORT_MODULE_MATCH_H_

#include <vector>

#include "torchtally/tally.h"

namespace torchtally::report {

// By index in before.modules(): index in after.modules(), or -1. The rules stand in torchtally/diff.h.
std::vector<int> match_modules(const Tally& before, const Tally& after);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_MODULE_MATCH_H_
