#include "step_log.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace torchtally::examples {

StepLog::StepLog(std::string path) : path_(std::move(path)), has_terminal_(isatty(STDERR_FILENO) == 1) {
  if (path_.empty()) return;
  file_.open(path_);
  check();
}

void StepLog::write(const StepRecord& record, double loss) {
  if (has_terminal_) {
    // The same line again, cut at the terminal's edge: what is wrapped could not be taken back.
    std::cerr << "\r\033[K\033[?7l"
              << "loss " << loss << "  " << to_progress(record) << "\033[?7h" << std::flush;
  }
  if (path_.empty()) return;
  auto line = nlohmann::ordered_json::parse(to_json_line(record));
  line["loss"] = loss;
  // Each line at once: a run that is stopped has its log so far.
  file_ << line.dump() << std::endl;
  check();
}

void StepLog::close() {
  if (has_terminal_) std::cerr << "\n";
  if (path_.empty()) return;
  file_.close();
  check();
}

void StepLog::check() const {
  if (!file_) throw std::runtime_error("--log " + path_ + ": " + std::strerror(errno));
}

}  // namespace torchtally::examples
