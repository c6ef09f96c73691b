// What torchtally count is told.
#ifndef TORCHTALLY_SRC_CLI_COUNT_OPTIONS_H_
#define TORCHTALLY_SRC_CLI_COUNT_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "cli/device.h"
#include "cli/input_spec.h"
#include "cli/report_flags.h"

namespace CLI {
class App;
}

namespace torchtally::cli {

struct CountOptions {
  std::string model;
  std::vector<InputSpec> inputs;
  ReportFlags report;
  bool train = false;
  int repeat = 1;
  bool quiet = false;
  std::optional<GroupBy> time;  // of operators, or of modules
  std::string trace;            // a file; empty: none
  bool hardware = false;
  std::vector<std::string> libraries;
  Device device = Device::kCpu;
};

// Adds the subcommand, which fills `options` where it is used. An --input that cannot be read throws InputSpecError then.
const CLI::App& add_count(CLI::App& app, CountOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_COUNT_OPTIONS_H_
