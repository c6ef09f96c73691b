// TextColumns: rows of cells to aligned text. Two spaces between columns, nothing after the last cell of a line.
#ifndef TORCHTALLY_SRC_REPORT_TEXT_COLUMNS_H_
#define TORCHTALLY_SRC_REPORT_TEXT_COLUMNS_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace torchtally::report {

enum class Align { kLeft, kRight };

class TextColumns {
 public:
  explicit TextColumns(std::vector<Align> columns) : columns_(std::move(columns)) {}

  // Cells that are missing at the end are empty; there are no more cells than columns.
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // One for each row. If `width` is not 0, no line has more characters: text columns are shortened in the middle, the widest
  // first; columns that still have no room are left out, which an ellipsis in the first line says; what is still longer is cut.
  std::vector<std::string> lines(std::size_t width = 0) const;

  // All lines, each with its end.
  std::string str(std::size_t width = 0) const;

 private:
  std::vector<std::size_t> widths() const;
  void narrow(std::vector<std::size_t>& widths, std::size_t width) const;
  // How many columns have room.
  static std::size_t fitting(const std::vector<std::size_t>& widths, std::size_t width);

  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_TEXT_COLUMNS_H_
