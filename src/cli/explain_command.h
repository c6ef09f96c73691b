// torchtally explain: one operator in full.
#ifndef TORCHTALLY_SRC_CLI_EXPLAIN_COMMAND_H_
#define TORCHTALLY_SRC_CLI_EXPLAIN_COMMAND_H_

#include "cli/explain_options.h"

namespace torchtally::cli {

// Throws Failure.
void explain(const ExplainOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_EXPLAIN_COMMAND_H_
