#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "report/utf8.h"

namespace torchtally::cli {
namespace {

constexpr char kClear[] = "\r\x1b[K";

bool is_dumb() {
  const char* const terminal = std::getenv("TERM");
  return terminal == nullptr || std::string_view(terminal) == "dumb";
}

// A line that wraps could not be written over.
std::string within_terminal(const std::string& line) {
  winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return line;
  return report::cut(line, size.ws_col - 1U);
}

}  // namespace

Progress::Progress(bool quiet) : is_shown_(!quiet && ::isatty(STDERR_FILENO) != 0), can_rewrite_(!is_dumb()) {}

void Progress::clear() {
  if (is_shown_ && can_rewrite_ && !what_.empty()) std::cerr << kClear << std::flush;
  what_.clear();
}

void Progress::say(const std::string& what) {
  what_ = what;
  percent_ = -1;
  write(what);
}

void Progress::say(const std::string& what, double done, double total) {
  constexpr int kAll = 100;
  const int percent = total > 0 ? std::clamp(static_cast<int>(kAll * done / total), 0, kAll) : 0;
  if (what == what_ && (percent == percent_ || !can_rewrite_)) return;
  what_ = what;
  percent_ = percent;
  write(what + ", " + std::to_string(percent) + " %");
}

void Progress::write(const std::string& text) const {
  if (!is_shown_) return;
  const std::string line = "torchtally: " + text;
  if (can_rewrite_) {
    std::cerr << kClear << within_terminal(line) << std::flush;
  } else {
    std::cerr << line << std::endl;
  }
}

}  // namespace torchtally::cli
