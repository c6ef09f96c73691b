#include "cli/ops_command.h"

#include <torch/version.h>

#include <optional>

#include "cli/failure.h"
#include "cli/library.h"
#include "cli/operator_names.h"
#include "cli/ops_report.h"
#include "cli/output_file.h"
#include "cli/terminal.h"

namespace torchtally::cli {
namespace {

bool is_listed(const KnownOperator& op, const OpsOptions& options) {
  if (options.all ? op.formula.kind == VerdictKind::kUnknown : op.leaf_overloads() == 0) return false;
  if (options.verdict && op.formula.kind != *options.verdict) return false;
  return matches(options.pattern, op.formula.name);
}

// Why nothing is listed, and what would be.
[[noreturn]] void fail_empty(const KnownOperators& known, const OpsOptions& options) {
  if (options.pattern.empty()) {
    throw Failure(options.all ? "the table has no row that is unknown\n  Without --all, operators that have no row are listed."
                              : "LibTorch " TORCH_VERSION " has no operator of this verdict");
  }
  std::vector<std::string> names;
  std::string composite;
  std::string absent;
  std::string otherwise;
  for (const auto& [name, op] : known) {
    names.push_back(name);
    if (!matches(options.pattern, name)) continue;
    if (op.leaf_overloads() > 0) {
      otherwise = name;
    } else if (!op.overloads.empty()) {
      composite = name;
    } else {
      absent = name;
    }
  }
  const std::string nothing = "no operator matches '" + options.pattern + "'";
  if (!otherwise.empty()) {
    throw Failure(nothing + " and has this verdict\n  " + otherwise + " has another: torchtally explain " + otherwise);
  }
  if (!composite.empty()) {
    throw Failure(nothing + " but composites, which are counted by their parts\n  Try torchtally explain " + composite);
  }
  if (!absent.empty()) {
    throw Failure(nothing + " in LibTorch " TORCH_VERSION "\n  The table has " + absent + ": torchtally ops '" + options.pattern +
                  "' --all");
  }
  throw Failure(nothing + suggestion(options.pattern, names));
}

std::string report(const std::vector<KnownOperator>& operators, const OpsOptions& options) {
  switch (options.format) {
    case OpsFormat::kMarkdown:
      return operators_markdown(operators, options.all && options.pattern.empty() && !options.verdict);
    case OpsFormat::kJson:
      return operators_json(operators, TORCH_VERSION);
    case OpsFormat::kTable:
      break;
  }
  return operators_table(operators, options.output.empty() ? terminal_width() : 0);
}

}  // namespace

void list_operators(const OpsOptions& options) {
  std::optional<OutputFile> output;
  if (!options.output.empty()) output.emplace(options.output);
  for (const std::string& library : options.libraries) load_library(library);
  const KnownOperators known = known_operators();
  std::vector<KnownOperator> listed;
  for (const auto& [name, op] : known) {
    if (is_listed(op, options)) listed.push_back(op);
  }
  if (listed.empty()) fail_empty(known, options);
  write_report(report(listed, options), output);
}

}  // namespace torchtally::cli
