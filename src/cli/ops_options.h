// What torchtally ops is told.
#ifndef TORCHTALLY_SRC_CLI_OPS_OPTIONS_H_
#define TORCHTALLY_SRC_CLI_OPS_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "torchtally/verdict.h"

namespace CLI {
class App;
}

namespace torchtally::cli {

enum class OpsFormat { kTable, kMarkdown, kJson };

struct OpsOptions {
  std::string pattern;  // empty: every operator
  bool all = false;     // the whole table, not what LibTorch has
  std::optional<VerdictKind> verdict;
  OpsFormat format = OpsFormat::kTable;
  std::string output;  // empty: the standard output
  std::vector<std::string> libraries;
};

// Adds the subcommand, which fills `options` where it is used.
const CLI::App& add_ops(CLI::App& app, OpsOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_OPS_OPTIONS_H_
