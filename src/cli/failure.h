// Failure: what stopped the command, and what to do about it, in words for the user.
#ifndef TORCHTALLY_SRC_CLI_FAILURE_H_
#define TORCHTALLY_SRC_CLI_FAILURE_H_

#include <stdexcept>

namespace torchtally::cli {

enum ExitCode : int {
  kOk = 0,
  kFailed = 1,      // the command line was fine, doing it was not
  kWrongUsage = 2,  // the command line was not
  kDiffers = 3,     // diff: beyond the tolerance
};

class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_FAILURE_H_
