// Names of operators as people type them.
#ifndef TORCHTALLY_SRC_CLI_OPERATOR_NAMES_H_
#define TORCHTALLY_SRC_CLI_OPERATOR_NAMES_H_

#include <string>
#include <string_view>
#include <vector>

namespace torchtally::cli {

// True if `pattern` is a part of `name`; or, with * or ? in it, fits all of the name, with or without its namespace.
bool matches(std::string_view pattern, std::string_view name);

// Those of `names` that somebody who typed `name` may have meant, nearest first, at most five.
std::vector<std::string> nearest(std::string_view name, const std::vector<std::string>& names);

// "  Did you mean aten::add, aten::addmm?", or where to look if nothing is near; begins with a line feed.
std::string suggestion(std::string_view name, const std::vector<std::string>& names);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_OPERATOR_NAMES_H_
