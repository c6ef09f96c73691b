// torchtally report: a saved JSON report in another format.
#ifndef TORCHTALLY_SRC_CLI_REPORT_COMMAND_H_
#define TORCHTALLY_SRC_CLI_REPORT_COMMAND_H_

#include <string>

#include "cli/report_flags.h"

namespace torchtally::cli {

struct SavedReportOptions {
  std::string file;
  ReportFlags report;
};

// Adds the subcommand, which fills `options` where it is used.
const CLI::App& add_report(CLI::App& app, SavedReportOptions& options);

// Throws Failure.
void report(const SavedReportOptions& options);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_REPORT_COMMAND_H_
