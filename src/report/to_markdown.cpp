#include "report/cells.h"
#include "report/coverage.h"
#include "report/listing.h"
#include "torchtally/report.h"

namespace torchtally {
namespace {

// Where Markdown, or HTML in it, would take a character for its own.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '_' || c == '<' || c == '>' || c == '`' || c == '[' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

}  // namespace

std::string to_markdown(const Tally& tally, const ReportOptions& options) {
  const report::Listing listing = report::make_listing(tally, options, true);
  std::string text = "|";
  std::string rule = "|";
  for (const GroupBy group : listing.by) {
    text += " " + std::string(report::title_of(group)) + " |";
    rule += "---|";
  }
  for (const Column column : listing.columns) {
    text += " " + std::string(report::title_of(column)) + " |";
    rule += report::align_of(column) == report::Align::kRight ? "---:|" : "---|";
  }
  text += "\n" + rule + "\n";
  for (const report::Line& line : listing.lines) {
    text += "|";
    for (const GroupBy group : listing.by) text += " " + escaped(human_key(listing, line, group)) + " |";
    for (const Column column : listing.columns) text += " " + escaped(human_cell(listing, line, column)) + " |";
    text += "\n";
  }
  if (listing.left_out > 0) text += "\nand " + std::to_string(listing.left_out) + " more\n";
  const std::string notes = report::coverage_notes(tally, false);
  return notes.empty() ? text : text + "\n```" + notes + "```\n";
}

}  // namespace torchtally
