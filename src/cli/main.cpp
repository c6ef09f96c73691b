#include <exception>
#include <iostream>

#include "cli/count_command.h"
#include "cli/failure.h"
#include "cli/options.h"
#include "cli/torch_error.h"

int main(int argc, char** argv) {
  using namespace torchtally::cli;
  try {
    CountOptions options;
    if (const auto exit_code = read_command_line(argc, argv, options)) return *exit_code;
    count(options);
    return kOk;
  } catch (const Failure& failure) {
    std::cerr << "torchtally: " << failure.what() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "torchtally: " << summary_of(error) << "\n";
  }
  return kFailed;
}
