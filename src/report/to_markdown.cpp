#include "report/cells.h"
#include "report/coverage.h"
#include "report/listing.h"
#include "report/markdown.h"
#include "torchtally/report.h"

namespace torchtally {

std::string to_markdown(const Tally& tally, const ReportOptions& options) {
  const report::Listing listing = report::make_listing(tally, options, true);
  std::string text = report::markdown_heading(report::titles_of(listing), report::alignment_of(listing));
  for (const report::Line& line : listing.lines) text += report::markdown_row(report::human_cells(listing, line));
  if (listing.left_out > 0) text += "\nand " + std::to_string(listing.left_out) + " more\n";
  const std::string notes = report::coverage_notes(tally, false);
  return notes.empty() ? text : text + "\n```" + notes + "```\n";
}

}  // namespace torchtally
