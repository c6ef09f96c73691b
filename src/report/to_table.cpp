#include "report/cells.h"
#include "report/colour.h"
#include "report/coverage.h"
#include "report/listing.h"
#include "report/text_columns.h"
#include "torchtally/report.h"

namespace torchtally {

using report::Look;

std::string to_table(const Tally& tally, const ReportOptions& options) {
  const report::Listing listing = report::make_listing(tally, options, true);
  report::TextColumns table(report::alignment_of(listing));
  table.add_row(report::titles_of(listing));
  for (const report::Line& line : listing.lines) table.add_row(report::human_cells(listing, line));

  std::string text;
  const std::vector<std::string> lines = table.lines(static_cast<std::size_t>(options.width));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Look how = i == 0 ? Look::kHeading : listing.lines[i - 1].cost == Cost() ? Look::kFaint : Look::kPlain;
    text += look(lines[i], how, options.colour) + "\n";
  }
  if (listing.left_out > 0) text += "and " + std::to_string(listing.left_out) + " more\n";
  return text + report::coverage_notes(tally, options.colour);
}

}  // namespace torchtally
