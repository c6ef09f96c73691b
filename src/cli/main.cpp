#include <exception>
#include <iostream>

#include "cli/command_line.h"
#include "cli/count_command.h"
#include "cli/explain_command.h"
#include "cli/failure.h"
#include "cli/ops_command.h"
#include "cli/torch_error.h"

namespace torchtally::cli {
namespace {

struct Run {
  int operator()(const Answered& answered) const { return answered.exit_code; }
  int operator()(const CountOptions& options) const {
    count(options);
    return kOk;
  }
  int operator()(const SavedReportOptions& options) const {
    report(options);
    return kOk;
  }
  int operator()(const DiffCommandOptions& options) const { return diff_reports(options); }
  int operator()(const BenchOptions& options) const {
    bench(options);
    return kOk;
  }
  int operator()(const CompletionOptions& options) const {
    print_completion(options);
    return kOk;
  }
  int operator()(const ManOptions& options) const {
    print_man(options);
    return kOk;
  }
  int operator()(const OpsOptions& options) const {
    list_operators(options);
    return kOk;
  }
  int operator()(const ExplainOptions& options) const {
    explain(options);
    return kOk;
  }
};

}  // namespace
}  // namespace torchtally::cli

int main(int argc, char** argv) {
  using namespace torchtally::cli;
  try {
    return std::visit(Run(), read_command_line(argc, argv));
  } catch (const Failure& failure) {
    std::cerr << "torchtally: " << failure.what() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "torchtally: " << summary_of(error) << "\n";
  }
  return kFailed;
}
