#include <algorithm>

#include "report/cells.h"
#include "report/listing.h"
#include "torchtally/report.h"

namespace torchtally {
namespace {

constexpr char kEnd[] = "\r\n";

void append_quoted(std::string& csv, const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    csv += text;
    return;
  }
  csv += '"';
  for (const char c : text) csv.append(c == '"' ? 2 : 1, c);
  csv += '"';
}

// All that can say something beside the keys.
std::vector<Column> all_columns(const std::vector<GroupBy>& by) {
  const auto is_by = [&by](GroupBy group) { return std::find(by.begin(), by.end(), group) != by.end(); };
  const bool is_hierarchy = by.size() == 1 && is_by(GroupBy::kModule);
  std::vector<Column> columns;
  for (const Column column : kColumns) {
    const bool is_of_module = column <= Column::kModuleCalls || column >= Column::kInputs;
    if (is_of_module && !is_hierarchy) continue;
    if (column == Column::kDType && is_by(GroupBy::kDType)) continue;
    if (column == Column::kPhase && is_by(GroupBy::kPhase)) continue;
    columns.push_back(column);
  }
  return columns;
}

}  // namespace

std::string to_csv(const Tally& tally, const ReportOptions& options) {
  ReportOptions all = options;
  if (all.columns.empty()) all.columns = all_columns(options.by);
  const report::Listing listing = report::make_listing(tally, all, false);
  std::string csv;
  const auto separate = [&csv](bool is_first) {
    if (!is_first) csv += ',';
  };
  for (std::size_t i = 0; i < listing.by.size(); ++i) {
    separate(i == 0);
    csv += group_name(listing.by[i]);
  }
  for (const Column column : listing.columns) (csv += ',') += column_name(column);
  csv += kEnd;
  for (const report::Line& line : listing.lines) {
    for (std::size_t i = 0; i < listing.by.size(); ++i) {
      separate(i == 0);
      append_quoted(csv, exact_key(listing, line, listing.by[i]));
    }
    for (const Column column : listing.columns) {
      csv += ',';
      if (is_number(column)) {  // has nothing to quote
        csv += exact_cell(listing, line, column);
      } else {
        append_quoted(csv, exact_cell(listing, line, column));
      }
    }
    csv += kEnd;
    if (&line == &listing.lines.front()) csv.reserve(csv.size() * (listing.lines.size() + 1));
  }
  return csv;
}

}  // namespace torchtally
