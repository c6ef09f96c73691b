// torchtally diff: what changed between two saved JSON reports.
#ifndef TORCHTALLY_SRC_CLI_DIFF_COMMAND_H_
#define TORCHTALLY_SRC_CLI_DIFF_COMMAND_H_

#include <optional>
#include <string>

#include "torchtally/diff.h"

namespace CLI {
class App;
}

namespace torchtally::cli {

enum class DiffFormat { kText, kMarkdown, kJson };

struct DiffCommandOptions {
  std::string before;
  std::string after;
  DiffFormat format = DiffFormat::kText;
  Ancestors ancestors = Ancestors::kOwner;
  DiffOptions shown;
  std::optional<double> tolerance;
  std::string output;  // empty: the standard output
};

// Adds the subcommand, which fills `options` where it is used.
const CLI::App& add_diff(CLI::App& app, DiffCommandOptions& options);

// The exit code: kOk, or kDiffers beyond the tolerance. Throws Failure.
int diff_reports(const DiffCommandOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_DIFF_COMMAND_H_
