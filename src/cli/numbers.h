// Checks of options that are numbers. CLI11's own say "not in range 0.000 to" and three hundred digits.
#ifndef TORCHTALLY_SRC_CLI_NUMBERS_H_
#define TORCHTALLY_SRC_CLI_NUMBERS_H_

#include <CLI/CLI.hpp>
#include <string>

namespace torchtally::cli {

// More than 0, or 0 and more.
inline std::string check_positive(const std::string& text) {
  return CLI::PositiveNumber(text).empty() ? "" : "'" + text + "' is not a number above 0";
}
inline std::string check_not_negative(const std::string& text) {
  return CLI::NonNegativeNumber(text).empty() ? "" : "'" + text + "' is not a number of 0 or more";
}

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_NUMBERS_H_
