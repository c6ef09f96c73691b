// What stands in a cell of a listing: for people, or exactly.
#ifndef TORCHTALLY_SRC_REPORT_CELLS_H_
#define TORCHTALLY_SRC_REPORT_CELLS_H_

#include <string>
#include <string_view>
#include <vector>

#include "report/listing.h"
#include "report/text_columns.h"

namespace torchtally::report {

// "Module", "FLOPs/byte".
std::string_view title_of(GroupBy group);
std::string_view title_of(Column column);
Align align_of(Column column);

// What the line stands for: "layer1.0", "aten::mm", "forward", "float32".
std::string human_key(const Listing& listing, const Line& line, GroupBy group);
std::string exact_key(const Listing& listing, const Line& line, GroupBy group);

// "4.089 G", "1.250 kB", "12.5 %"; empty where the column has nothing to say about the line.
std::string human_cell(const Listing& listing, const Line& line, Column column);
// "9.408 k params", "2.000 MB read": where no title says what it is.
std::string labelled_cell(const Listing& listing, const Line& line, Column column);
// "4089184256", "0.125".
std::string exact_cell(const Listing& listing, const Line& line, Column column);

// The keys, then the columns: of a whole table.
std::vector<std::string> titles_of(const Listing& listing);
std::vector<Align> alignment_of(const Listing& listing);
std::vector<std::string> human_cells(const Listing& listing, const Line& line);

// What rows are sorted by: the figure itself. 0 for a column that is no number.
double number(const Listing& listing, const Line& line, Column column);

// The count of a column, of a cost. Throws std::invalid_argument if the column is not a count of Cost.
Count count_of(const Cost& cost, Column column);

// "2x3, 4, scalar": the sizes of some tensors.
std::string sizes_text(const TensorSizes& tensors);
// "1.250 kB", "312 B".
std::string human_bytes(Count bytes);
// "12.5 %", "<0.1 %", "0 %".
std::string human_share(double share);
// Four significant digits: "0.1250", "25.26"; "0".
std::string human_number(double number);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_CELLS_H_
