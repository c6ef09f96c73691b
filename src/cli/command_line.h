// The command line, read: which subcommand, with what.
#ifndef TORCHTALLY_SRC_CLI_COMMAND_LINE_H_
#define TORCHTALLY_SRC_CLI_COMMAND_LINE_H_

#include <variant>

#include "cli/bench_command.h"
#include "cli/completion_command.h"
#include "cli/count_options.h"
#include "cli/diff_command.h"
#include "cli/explain_options.h"
#include "cli/man_command.h"
#include "cli/ops_options.h"
#include "cli/report_command.h"

namespace torchtally::cli {

// Nothing is left to do: --help or a mistake has been answered.
struct Answered {
  int exit_code;
};

using CommandLine = std::variant<Answered, CountOptions, SavedReportOptions, DiffCommandOptions, OpsOptions, ExplainOptions,
                                 BenchOptions, CompletionOptions, ManOptions>;

CommandLine read_command_line(int argc, char** argv);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_COMMAND_LINE_H_
