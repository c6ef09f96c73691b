#include "cli/report_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>

#include "cli/output_file.h"
#include "cli/saved_report.h"

namespace torchtally::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  Count once, look at it in many ways:
    torchtally count resnet50.pt --input 1x3x224x224 --format json --output resnet50.json
    torchtally report resnet50.json --by operator --sort bytes
    torchtally report resnet50.json --format html --peak 1000 --bandwidth 50 --output resnet50.html
    torchtally report resnet50.json --format folded | flamegraph.pl --countname FLOPs > resnet50.svg

FILE is a JSON report of torchtally count or torchtally::to_json(); - is the standard input.

)";

}  // namespace

const CLI::App& add_report(CLI::App& app, SavedReportOptions& options) {
  CLI::App* report = app.add_subcommand("report", "Show a saved JSON report in another way");
  report->add_option("FILE", options.file, "JSON report, or - for the standard input")->required();
  add_report_flags(*report, options.report);
  report->callback([&options] { check(options.report); });
  report->footer(std::string(kExamples) + kReportHelp);
  return *report;
}

void report(const SavedReportOptions& options) {
  std::optional<OutputFile> output;
  if (!options.report.output.empty()) output.emplace(options.report.output);
  const SavedReport saved = load_report(options.file);
  const std::string title = std::filesystem::path(options.file).stem().string();
  write_report(render(saved.tally, options.report, saved.torch_version, options.file == "-" ? "" : title), output);
}

}  // namespace torchtally::cli
