// torchtally ops: which operators there are, and how each is counted.
#ifndef TORCHTALLY_SRC_CLI_OPS_COMMAND_H_
#define TORCHTALLY_SRC_CLI_OPS_COMMAND_H_

#include "cli/ops_options.h"

namespace torchtally::cli {

// Throws Failure.
void list_operators(const OpsOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_OPS_COMMAND_H_
