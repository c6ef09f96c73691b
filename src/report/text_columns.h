// TextColumns: rows of cells to aligned text. Two spaces between columns, nothing after the last cell of a line.
#ifndef TORCHTALLY_SRC_REPORT_TEXT_COLUMNS_H_
#define TORCHTALLY_SRC_REPORT_TEXT_COLUMNS_H_

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

  std::string str() const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_TEXT_COLUMNS_H_
