#include <string>
#include <vector>

#include "report/cells.h"
#include "report/coverage.h"
#include "report/html_text.h"
#include "report/listing.h"
#include "torchtally/html_report.h"

namespace torchtally {
namespace {

// Inline styles: a fragment has no place for a style sheet. A page's own colours stay.
std::string row_of(const char* tag, const std::vector<std::string>& cells, const std::vector<report::Align>& alignment) {
  std::string row = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    row += std::string("<") + tag + " style=\"text-align:" + (alignment[i] == report::Align::kLeft ? "left" : "right") + "\">";
    row += report::html_escaped(cells[i]) + "</" + tag + ">";
  }
  return row + "</tr>\n";
}

}  // namespace

std::string to_html_table(const Tally& tally, const ReportOptions& options) {
  const report::Listing listing = report::make_listing(tally, options, true);
  const std::vector<report::Align> alignment = report::alignment_of(listing);
  std::string html = "<table>\n<thead>" + row_of("th", report::titles_of(listing), alignment) + "</thead>\n<tbody>";
  for (const report::Line& line : listing.lines) html += row_of("td", report::human_cells(listing, line), alignment);
  html += "</tbody>\n</table>\n";
  if (listing.left_out > 0) html += "<p>and " + std::to_string(listing.left_out) + " more</p>\n";
  const std::string notes = report::coverage_notes(tally, false);
  return notes.empty() ? html : html + "<pre>" + report::html_escaped(notes.substr(1)) + "</pre>\n";
}

}  // namespace torchtally
