#include "settings.h"

#include <exception>
#include <iostream>

namespace torchtally::examples {

void add_options(CLI::App& app, Settings& settings) {
  app.add_option("--steps", settings.steps, "Steps to train")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--batch", settings.batch, "Samples in a step")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--every", settings.every, "Count every so many steps; 0: only where the sizes of the inputs are new")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--peak", settings.peak_gflops, "The machine's peak, in GFLOP/s; 0: measure it first")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--threads", settings.threads, "Threads to compute with; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--seed", settings.seed, "Of the random numbers")->capture_default_str();
  app.add_option("--log", settings.log, "A file for a line of JSON a step, schema torchtally.step/1")->type_name("FILE");
}

int run(CLI::App& app, int argc, char** argv, const std::function<void()>& train) {
  CLI11_PARSE(app, argc, argv);
  try {
    train();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << app.get_name() << ": " << error.what() << "\n";
    return 1;
  }
}

}  // namespace torchtally::examples
