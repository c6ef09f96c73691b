// add_output: the option that says where a report goes.
#ifndef TORCHTALLY_SRC_CLI_OUTPUT_OPTION_H_
#define TORCHTALLY_SRC_CLI_OUTPUT_OPTION_H_

#include <CLI/CLI.hpp>
#include <string>

namespace torchtally::cli {

// `what`: "the report". `path` is empty where the option is not given, and where it is -: the standard output.
inline void add_output(CLI::App& app, std::string& path, const std::string& what) {
  app.add_option_function<std::string>(
         "--output", [&path](const std::string& given) { path = given == "-" ? "" : given; },
         "Write " + what + " here; the standard output if not given, or if -")
      ->type_name("FILE");
}

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_OUTPUT_OPTION_H_
