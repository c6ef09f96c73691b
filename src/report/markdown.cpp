#include "report/markdown.h"

#include <string_view>

namespace torchtally::report {

std::string markdown_row(const std::vector<std::string>& cells) {
  constexpr std::string_view kSpecial = "|*_<>`[\\";
  std::string line = "|";
  for (const std::string& cell : cells) {
    line += ' ';
    for (const char c : cell) {
      if (kSpecial.find(c) != std::string_view::npos) line += '\\';
      line += c == '\n' ? ' ' : c;
    }
    line += " |";
  }
  return line + "\n";
}

std::string markdown_heading(const std::vector<std::string>& titles, const std::vector<Align>& alignment) {
  std::string rule = "|";
  for (const Align align : alignment) rule += align == Align::kRight ? "---:|" : "---|";
  return markdown_row(titles) + rule + "\n";
}

}  // namespace torchtally::report
