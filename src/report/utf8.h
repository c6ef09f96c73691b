// Characters of UTF-8 text: a module may be called "größe".
#ifndef TORCHTALLY_SRC_REPORT_UTF8_H_
#define TORCHTALLY_SRC_REPORT_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace torchtally::report {

std::size_t width_of(std::string_view text);

// At most `width` characters, of which the last is an ellipsis if something was cut.
std::string cut(std::string_view text, std::size_t width);

// At most `width` characters; what is left out of the middle is an ellipsis: the ends of a dotted name tell most.
std::string shorten(std::string_view text, std::size_t width);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_UTF8_H_
