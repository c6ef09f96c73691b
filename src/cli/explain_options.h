// What torchtally explain is told.
#ifndef TORCHTALLY_SRC_CLI_EXPLAIN_OPTIONS_H_
#define TORCHTALLY_SRC_CLI_EXPLAIN_OPTIONS_H_

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace torchtally::cli {

struct ExplainOptions {
  std::string op;
  std::vector<std::string> libraries;
};

// Adds the subcommand, which fills `options` where it is used.
const CLI::App& add_explain(CLI::App& app, ExplainOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_EXPLAIN_OPTIONS_H_
