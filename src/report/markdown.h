// Tables of Markdown as GitHub reads it.
#ifndef TORCHTALLY_SRC_REPORT_MARKDOWN_H_
#define TORCHTALLY_SRC_REPORT_MARKDOWN_H_

#include <string>
#include <vector>

#include "report/text_columns.h"

namespace torchtally::report {

std::string markdown_heading(const std::vector<std::string>& titles, const std::vector<Align>& alignment);

// One line of the table. Characters that Markdown, or HTML in it, would take for its own are escaped.
std::string markdown_row(const std::vector<std::string>& cells);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_MARKDOWN_H_
