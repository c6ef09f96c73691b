// Reports: pure functions from a Tally to text. They print nothing, open nothing and need no LibTorch.
//
//   std::cout << torchtally::to_table(tally, {.depth = 2});   // designated initializers from C++20 on
//
// Thread-safety: pure functions.
#ifndef TORCHTALLY_REPORT_H_
#define TORCHTALLY_REPORT_H_

#include <string>
#include <string_view>

#include "torchtally/export.h"
#include "torchtally/tally.h"

namespace torchtally {

struct ReportOptions {
  // Levels of modules below the root; negative: all.
  int depth = -1;
};

// Module, parameters, MACs, FLOPs, activations: aligned, human units, one row a module down to `depth`, then what is not covered.
TORCHTALLY_API std::string to_table(const Tally& tally, const ReportOptions& options = {});

// The module hierarchy, indented, the cost on every line.
TORCHTALLY_API std::string to_tree(const Tally& tally, const ReportOptions& options = {});

// Schema torchtally/1, exact integers: docs/json.md. `torch_version` goes into the field of that name.
TORCHTALLY_API std::string to_json(const Tally& tally, std::string_view torch_version = {});

// "4.089 G", "1.250 k", "312": four significant digits, decimal prefixes; ">= 9.223 E" for a saturated count.
TORCHTALLY_API std::string human_count(Count count);

}  // namespace torchtally

#endif  // TORCHTALLY_REPORT_H_
