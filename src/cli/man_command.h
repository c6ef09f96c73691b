// torchtally man: the manual page, made of what --help says.
#ifndef TORCHTALLY_SRC_CLI_MAN_COMMAND_H_
#define TORCHTALLY_SRC_CLI_MAN_COMMAND_H_

#include <string>

namespace CLI {
class App;
}

namespace torchtally::cli {

struct ManOptions {
  std::string output;  // empty: the standard output
  std::string page;    // made where the subcommand is used: only then are all others known
};

// Adds the subcommand.
const CLI::App& add_man(CLI::App& app, ManOptions& options);

// Throws Failure.
void print_man(const ManOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_MAN_COMMAND_H_
