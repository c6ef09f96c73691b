// What a terminal shows in another way: whole lines, so that alignment need not know of it.
#ifndef TORCHTALLY_SRC_REPORT_COLOUR_H_
#define TORCHTALLY_SRC_REPORT_COLOUR_H_

#include <string>

namespace torchtally::report {

enum class Look { kPlain, kHeading, kFaint, kWarning };

// As it is, if `colour` is off.
inline std::string look(const std::string& line, Look how, bool colour) {
  if (!colour || how == Look::kPlain || line.empty()) return line;
  const char* const code = how == Look::kHeading ? "\x1b[1m" : how == Look::kFaint ? "\x1b[2m" : "\x1b[33m";
  return code + line + "\x1b[0m";
}

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_COLOUR_H_
