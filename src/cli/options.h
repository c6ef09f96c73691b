// The command line, read.
#ifndef TORCHTALLY_SRC_CLI_OPTIONS_H_
#define TORCHTALLY_SRC_CLI_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "cli/input_spec.h"

namespace torchtally::cli {

enum class Format { kTable, kTree, kJson };
enum class Device { kCpu, kCuda, kMeta };

struct CountOptions {
  std::string model;
  std::vector<InputSpec> inputs;
  int depth = -1;  // negative: all
  Format format = Format::kTable;
  std::string output;  // empty: the standard output
  std::vector<std::string> libraries;
  Device device = Device::kCpu;
};

// Fills `options` and returns nothing; or says what --help or a mistake asks for and returns the exit code.
std::optional<int> read_command_line(int argc, char** argv, CountOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_OPTIONS_H_
