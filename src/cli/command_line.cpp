#include "cli/command_line.h"

#include <torch/version.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "cli/failure.h"

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
  } catch (const CLI::Success& request) {  // --help, --version
    return Answered{app.exit(request)};
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
