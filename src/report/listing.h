// Listing: the rows and columns of a report, before anyone has decided how they look.
#ifndef TORCHTALLY_SRC_REPORT_LISTING_H_
#define TORCHTALLY_SRC_REPORT_LISTING_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "report/sums.h"
#include "torchtally/report_options.h"
#include "torchtally/tally.h"

namespace torchtally::report {

// Whose cost it is: for what the listing is not by, -1.
struct Line {
  int module = -1;     // index in Tally::modules()
  int op = -1;         // index in OperatorNames::names
  int phase = -1;      // number of the Phase
  int dtype = -1;      // number of the DType
  int outermost = -1;  // first module of a folded chain
  Cost cost;
  std::uint64_t dtypes = 0;  // bit n: arithmetic in the DType number n
  std::uint8_t phases = 0;   // bit n: something ran in the Phase number n
};

struct Listing {
  const Tally* tally = nullptr;
  std::vector<GroupBy> by;
  std::vector<Column> columns;
  OperatorNames operators;
  Cost total;
  std::vector<Line> lines;
  std::size_t left_out = 0;  // lines beyond options.top

  // Rows are modules with everything below them.
  bool is_hierarchy() const { return by.size() == 1 && by[0] == GroupBy::kModule; }
};

// Throws std::invalid_argument for a column that is no number.
void check_sort(const std::optional<Column>& sort);

// The tally has to outlive the listing. Throws std::invalid_argument for options that make no sense.
Listing make_listing(const Tally& tally, const ReportOptions& options, bool may_fold);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_LISTING_H_
