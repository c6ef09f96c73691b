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
  std::vector<report::Align> alignment(listing.by.size(), report::Align::kLeft);
  std::vector<std::string> titles;
  for (const GroupBy group : listing.by) titles.emplace_back(report::title_of(group));
  for (const Column column : listing.columns) {
    alignment.push_back(report::align_of(column));
    titles.emplace_back(report::title_of(column));
  }
  report::TextColumns table(std::move(alignment));
  table.add_row(std::move(titles));
  for (const report::Line& line : listing.lines) {
    std::vector<std::string> cells;
    cells.reserve(listing.by.size() + listing.columns.size());
    for (const GroupBy group : listing.by) cells.push_back(human_key(listing, line, group));
    for (const Column column : listing.columns) cells.push_back(human_cell(listing, line, column));
    table.add_row(std::move(cells));
  }

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
