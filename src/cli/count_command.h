// torchtally count: loads, runs, counts, reports.
#ifndef TORCHTALLY_SRC_CLI_COUNT_COMMAND_H_
#define TORCHTALLY_SRC_CLI_COUNT_COMMAND_H_

#include "cli/count_options.h"

namespace torchtally::cli {

// Throws Failure.
void count(const CountOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_COUNT_COMMAND_H_
