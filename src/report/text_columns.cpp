#include "report/text_columns.h"

#include <algorithm>
#include <numeric>

#include "report/utf8.h"

namespace torchtally::report {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 12;  // a text column that is shortened keeps that much

}  // namespace

std::vector<std::size_t> TextColumns::widths() const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  return widths;
}

void TextColumns::narrow(std::vector<std::size_t>& widths, std::size_t width) const {
  std::size_t total = std::accumulate(widths.begin(), widths.end(), (widths.size() - 1) * kGap);
  while (total > width) {
    std::size_t widest = columns_.size();
    std::size_t second = kNarrowest;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i] != Align::kLeft || widths[i] <= kNarrowest) continue;
      if (widest == columns_.size() || widths[i] > widths[widest]) {
        if (widest != columns_.size()) second = widths[widest];
        widest = i;
      } else {
        second = std::max(second, widths[i]);
      }
    }
    if (widest == columns_.size()) return;
    // Down to the second widest at most, so that the two then share what is still too much.
    const std::size_t step = std::max<std::size_t>(1, std::min(total - width, widths[widest] - second));
    widths[widest] -= step;
    total -= step;
  }
}

std::size_t TextColumns::fitting(const std::vector<std::size_t>& widths, std::size_t width) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    total += widths[i] + (i > 0 ? kGap : 0);
    const bool is_last = i + 1 == widths.size();
    if (total + (is_last ? 0 : kGap + 1) > width) return std::max<std::size_t>(i, 1);  // room for the ellipsis
  }
  return widths.size();
}

std::vector<std::string> TextColumns::lines(std::size_t width) const {
  std::vector<std::size_t> column_widths = widths();
  if (width != 0) narrow(column_widths, width);
  const std::size_t shown = width == 0 ? column_widths.size() : fitting(column_widths, width);
  std::vector<std::string> lines;
  lines.reserve(rows_.size());
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < std::min(row.size(), shown); ++i) {
      const std::string shortened = width == 0 ? "" : shorten(row[i], column_widths[i]);
      const std::string& cell = width == 0 ? row[i] : shortened;
      const std::size_t padding = column_widths[i] - width_of(cell);
      if (i > 0) line.append(kGap, ' ');
      if (columns_[i] == Align::kRight) line.append(padding, ' ');
      line += cell;
      if (columns_[i] == Align::kLeft) line.append(padding, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    if (shown < column_widths.size() && &row == rows_.data()) line += "  …";
    lines.push_back(width == 0 ? std::move(line) : cut(line, width));
  }
  return lines;
}

std::string TextColumns::str(std::size_t width) const {
  std::string text;
  for (const std::string& line : lines(width)) text += line + "\n";
  return text;
}

}  // namespace torchtally::report
