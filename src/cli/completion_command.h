// torchtally completion: a script that teaches a shell the subcommands and their options.
#ifndef TORCHTALLY_SRC_CLI_COMPLETION_COMMAND_H_
#define TORCHTALLY_SRC_CLI_COMPLETION_COMMAND_H_

#include <string>

namespace CLI {
class App;
}

namespace torchtally::cli {

enum class Shell { kBash, kZsh, kFish };

struct CompletionOptions {
  Shell shell = Shell::kBash;
  std::string script;  // made where the subcommand is used: only then are all others known
};

// Adds the subcommand.
const CLI::App& add_completion(CLI::App& app, CompletionOptions& options);

// Throws Failure.
void print_completion(const CompletionOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_COMPLETION_COMMAND_H_
