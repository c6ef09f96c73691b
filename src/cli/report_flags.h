// How a tally is shown: the options that `count` and `report` share, and one that `diff` has too.
#ifndef TORCHTALLY_SRC_CLI_REPORT_FLAGS_H_
#define TORCHTALLY_SRC_CLI_REPORT_FLAGS_H_

#include <string>

#include "torchtally/call_times.h"
#include "torchtally/report_options.h"
#include "torchtally/tally.h"

namespace CLI {
class App;
}

namespace torchtally::cli {

enum class Format { kTable, kTree, kJson, kCsv, kMarkdown, kHtml, kFolded };

struct ReportFlags {
  Format format = Format::kTable;
  ReportOptions options;
  Column weight = Column::kFlops;  // of folded stacks
  double peak = 0;                 // GFLOP/s, of the HTML report's roofline
  double bandwidth = 0;            // GB/s
  std::string output;              // empty: the standard output
};

// Adds the options, which fill `flags` where they are used.
void add_report_flags(CLI::App& app, ReportFlags& flags);

// --ancestors.
void add_ancestors(CLI::App& app, Ancestors& ancestors);

// Throws CLI::ParseError for options that do not go together: before a model runs for an hour.
void check(const ReportFlags& flags);

// What --columns, --sort and --by take, and what they mean: for the end of a help text.
extern const char* const kReportHelp;

// The report as text. `title` is that of the HTML report. On a terminal that is also the output a table is as wide as it, and
// has colours. `times`, if not null, are for the HTML report.
std::string render(const Tally& tally, const ReportFlags& flags, const std::string& torch_version, const std::string& title,
                   const CallTimes* times = nullptr);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_REPORT_FLAGS_H_
