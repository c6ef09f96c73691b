// What a text has to look like inside of HTML.
#ifndef TORCHTALLY_SRC_REPORT_HTML_TEXT_H_
#define TORCHTALLY_SRC_REPORT_HTML_TEXT_H_

#include <string>

namespace torchtally::report {

// For the content of an element and for an attribute in double quotes.
std::string html_escaped(const std::string& text);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_HTML_TEXT_H_
