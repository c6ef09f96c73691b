// What the examples are told on the command line.
#ifndef TORCHTALLY_EXAMPLES_SETTINGS_H_
#define TORCHTALLY_EXAMPLES_SETTINGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>

namespace torchtally::examples {

struct Settings {
  std::int64_t steps = 0;
  std::int64_t batch = 0;
  int every = 1;
  double peak_gflops = 0;  // 0: measured
  int threads = 0;         // 0: as many as LibTorch takes
  std::uint64_t seed = 1;
  std::string log;
};

// Adds the options that all examples have; the values that `settings` has are the defaults.
void add_options(CLI::App& app, Settings& settings);

// Parses, runs, and says what went wrong, if something did. Returns the exit code.
int run(CLI::App& app, int argc, char** argv, const std::function<void()>& train);

}  // namespace torchtally::examples

#endif  // TORCHTALLY_EXAMPLES_SETTINGS_H_
