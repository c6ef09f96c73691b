// torchtally bench: what this machine can do at most, and what counting costs on it.
#ifndef TORCHTALLY_SRC_CLI_BENCH_COMMAND_H_
#define TORCHTALLY_SRC_CLI_BENCH_COMMAND_H_

#include <string>

#include "cli/device.h"

namespace CLI {
class App;
}

namespace torchtally::cli {

enum class BenchFormat { kText, kJson };

struct BenchOptions {
  BenchFormat format = BenchFormat::kText;
  Device device = Device::kCpu;
  double seconds = 0.5;  // for each measurement
  bool quiet = false;
  std::string output;  // empty: the standard output
};

// Adds the subcommand, which fills `options` where it is used.
const CLI::App& add_bench(CLI::App& app, BenchOptions& options);

// Throws Failure.
void bench(const BenchOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_BENCH_COMMAND_H_
