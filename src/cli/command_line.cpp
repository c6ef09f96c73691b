#include "cli/command_line.h"

#include <torch/version.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "cli/output_file.h"

namespace torchtally::cli {
namespace {

constexpr char kOverview[] = R"(torchtally counts what a PyTorch program really computes.

Examples:
  torchtally count resnet50.pt --input 1x3x224x224
  torchtally count resnet50.pt --input 1x3x224x224 --format json --output resnet50.json
  torchtally report resnet50.json --by operator
  torchtally diff old.json new.json
  torchtally ops 'conv*'
  torchtally explain aten::convolution_backward
  torchtally count --help)";

std::string version() { return std::string("torchtally ") + TORCHTALLY_VERSION + " (LibTorch " + TORCH_VERSION + ")"; }

Answered wrong_usage(const CLI::App& app, const std::string& message) {
  std::string command = "torchtally";
  for (const CLI::App* used : app.get_subcommands()) command += " " + used->get_name();
  std::cerr << "torchtally: " << message << "\n  See " << command << " --help\n";
  return {kWrongUsage};
}

// CLI11 only says that there is no subcommand, if what stands in its place is none.
std::string missing_subcommand(const CLI::App& app, const CLI::RequiredError& error) {
  const std::vector<std::string> unknown = app.remaining();
  if (!app.get_subcommands().empty() || unknown.empty() || unknown.front()[0] == '-') return error.what();
  std::string names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  return "'" + unknown.front() + "' is no subcommand; there are " + names;
}

// --help, --version. Through write_to_stdout(), which says so if it cannot be written: std::cout would not.
Answered answer(const CLI::App& app, const CLI::Success& request) {
  std::ostringstream text;
  const int exit_code = app.exit(request, text);
  write_to_stdout(text.str());
  return {exit_code};
}

}  // namespace

CommandLine read_command_line(int argc, char** argv) {
  CLI::App app(kOverview, "torchtally");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  CountOptions count_options;
  OpsOptions ops_options;
  ExplainOptions explain_options;
  SavedReportOptions report_options;
  DiffCommandOptions diff_options;
  BenchOptions bench_options;
  CompletionOptions completion_options;
  ManOptions man_options;
  const CLI::App& count = add_count(app, count_options);
  const CLI::App& report = add_report(app, report_options);
  const CLI::App& diff = add_diff(app, diff_options);
  const CLI::App& ops = add_ops(app, ops_options);
  const CLI::App& explain = add_explain(app, explain_options);
  const CLI::App& bench = add_bench(app, bench_options);
  const CLI::App& completion = add_completion(app, completion_options);
  add_man(app, man_options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return answer(app, request);
  } catch (const CLI::RequiredError& error) {
    return wrong_usage(app, missing_subcommand(app, error));
  } catch (const CLI::ParseError& error) {
    return wrong_usage(app, error.what());
  } catch (const InputSpecError& error) {
    return wrong_usage(app, error.what());
  }
  if (count.parsed()) return count_options;
  if (report.parsed()) return report_options;
  if (diff.parsed()) return diff_options;
  if (ops.parsed()) return ops_options;
  if (explain.parsed()) return explain_options;
  if (bench.parsed()) return bench_options;
  if (completion.parsed()) return completion_options;
  return man_options;
}

}  // namespace torchtally::cli
