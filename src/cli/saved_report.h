// A JSON report from a file: what `report` and `diff` work on.
#ifndef TORCHTALLY_SRC_CLI_SAVED_REPORT_H_
#define TORCHTALLY_SRC_CLI_SAVED_REPORT_H_

#include <string>

#include "torchtally/tally.h"

namespace torchtally::cli {

struct SavedReport {
  Tally tally;
  std::string torch_version;
};

// "-" is the standard input. Throws Failure.
SavedReport load_report(const std::string& path);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_SAVED_REPORT_H_
