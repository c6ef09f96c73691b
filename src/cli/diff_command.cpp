#include "cli/diff_command.h"

#include <CLI/CLI.hpp>

#include "cli/choice.h"
#include "cli/failure.h"
#include "cli/numbers.h"
#include "cli/output_file.h"
#include "cli/output_option.h"
#include "cli/report_flags.h"
#include "cli/saved_report.h"
#include "cli/terminal.h"

namespace torchtally::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  What a change costs, for a person and for a pull request:
    torchtally count old.pt --input 1x3x224x224 --format json --output old.json
    torchtally count new.pt --input 1x3x224x224 --format json --output new.json
    torchtally diff old.json new.json
    torchtally diff old.json new.json --format markdown --top 10
  In CI: fail if any total has moved by more than 1 %, or by anything at all
    torchtally diff expected.json new.json --tolerance 0.01
    torchtally diff expected.json new.json --tolerance 0

Renamed modules are matched by what they are: type, parameters, costs and children. The tolerance is for the totals of
parameters, MACs, FLOPs, transcendentals, bytes read and written, and activations, relative to BEFORE.
Exit codes: 0; 1 if it failed, 2 if the command line is wrong, 3 if a total has moved by more than the tolerance.)";

std::string text_of(const TallyDiff& change, const DiffCommandOptions& options) {
  DiffOptions shown = options.shown;
  switch (options.format) {
    case DiffFormat::kMarkdown:
      return to_markdown(change, shown);
    case DiffFormat::kJson:
      return to_json(change);
    case DiffFormat::kText:
      break;
  }
  if (options.output.empty()) {
    shown.width = static_cast<int>(terminal_width());
    shown.colour = wants_colour();
  }
  return to_text(change, shown);
}

}  // namespace

const CLI::App& add_diff(CLI::App& app, DiffCommandOptions& options) {
  CLI::App* diff = app.add_subcommand("diff", "Say what changed between two saved JSON reports");
  diff->add_option("BEFORE", options.before, "JSON report, or - for the standard input")->required();
  diff->add_option("AFTER", options.after, "JSON report")->required();
  add_choice(*diff, "--format", options.format,
             {{"text", DiffFormat::kText}, {"markdown", DiffFormat::kMarkdown}, {"json", DiffFormat::kJson}}, "text", "FORMAT",
             "text, markdown or json");
  diff->add_option("--tolerance", options.tolerance, "Fail if a total has moved by more than this part of it")
      ->check(check_not_negative)
      ->type_name("FRACTION");
  diff->add_option("--top", options.shown.top, "The N largest changes only")->check(check_positive)->type_name("N");
  add_ancestors(*diff, options.ancestors);
  add_output(*diff, options.output, "the report");
  diff->footer(kExamples);
  return *diff;
}

int diff_reports(const DiffCommandOptions& options) {
  std::optional<OutputFile> output;
  if (!options.output.empty()) output.emplace(options.output);
  const TallyDiff change = diff(load_report(options.before).tally, load_report(options.after).tally, options.ancestors);
  write_report(text_of(change, options), output);
  return options.tolerance && change.largest_relative_change() > *options.tolerance ? kDiffers : kOk;
}

}  // namespace torchtally::cli
