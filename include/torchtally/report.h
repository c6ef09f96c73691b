// Reports: pure functions from a Tally to text. They print nothing, open nothing and need no LibTorch.
//
//   std::cout << torchtally::to_table(tally, {.depth = 2});   // designated initializers from C++20 on
//
// What a report shows is said by ReportOptions (report_options.h). A report of a saved tally: tally_from_json.h; of two: diff.h;
// for a browser: html_report.h.
//
// Errors: std::invalid_argument for options that make no sense (a column that is no number to sort by, say).
//
// Thread-safety: pure functions.
#ifndef TORCHTALLY_REPORT_H_
#define TORCHTALLY_REPORT_H_

#include <string>
#include <string_view>

#include "torchtally/export.h"
#include "torchtally/report_options.h"
#include "torchtally/tally.h"

namespace torchtally {

// Aligned columns in human units, then what is not covered. By module: type, parameters, MACs, FLOPs and activations, unless
// options say otherwise.
TORCHTALLY_API std::string to_table(const Tally& tally, const ReportOptions& options = {});

// The module hierarchy, indented as a print of the model is, the cost on every line; shared and uncalled modules and unknown
// operators are marked. Takes all of the options but `by` and `fold`.
TORCHTALLY_API std::string to_tree(const Tally& tally, const ReportOptions& options = {});

// The table for a README, an issue or a review.
TORCHTALLY_API std::string to_markdown(const Tally& tally, const ReportOptions& options = {});

// Exact figures (RFC 4180, a header line, lines end with \r\n); shares are fractions of 1. The root's name is empty.
TORCHTALLY_API std::string to_csv(const Tally& tally, const ReportOptions& options = {});

// "Net;layer1;conv1;aten::convolution 118013952", a line for each module x operator that has any of `weight`: what
// flamegraph.pl, inferno and speedscope read. The numbers add up to the total. `weight` is a column of counts. By caller a stack
// is that of the modules that called each other: "Net;body;(head);aten::addmm 96".
TORCHTALLY_API std::string to_folded(const Tally& tally, Column weight = Column::kFlops, Ancestors ancestors = Ancestors::kOwner);

// Schema torchtally/1, exact integers: docs/json.md. `torch_version` goes into the field of that name.
TORCHTALLY_API std::string to_json(const Tally& tally, std::string_view torch_version = {});

// "4.089 G", "1.250 k", "312": four significant digits, decimal prefixes; ">= 9.223 E" for a saturated count.
TORCHTALLY_API std::string human_count(Count count);

}  // namespace torchtally

#endif  // TORCHTALLY_REPORT_H_
