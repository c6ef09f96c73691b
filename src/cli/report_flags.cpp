#include "cli/report_flags.h"

#include <CLI/CLI.hpp>
#include <map>
#include <vector>

#include "cli/choice.h"
#include "cli/numbers.h"
#include "cli/output_option.h"
#include "cli/terminal.h"
#include "torchtally/html_report.h"
#include "torchtally/report.h"

namespace torchtally::cli {
namespace {

constexpr double kGiga = 1e9;

std::map<std::string, Column> columns_by_name() {
  std::map<std::string, Column> names;
  for (const Column column : kColumns) names.emplace(column_name(column), column);
  return names;
}

std::map<std::string, Column> numbers_by_name() {
  auto names = columns_by_name();
  for (const Column column : kColumns) {
    if (!is_number(column)) names.erase(std::string(column_name(column)));
  }
  return names;
}

// The counts of operators: what stacks can be as wide as.
std::map<std::string, Column> weights_by_name() {
  auto names = numbers_by_name();
  for (const char* const other : {"parameters", "trainable", "module_calls", "share", "intensity"}) names.erase(other);
  return names;
}

std::map<std::string, GroupBy> groups_by_name() {
  std::map<std::string, GroupBy> names;
  for (const GroupBy group : kGroupings) names.emplace(group_name(group), group);
  return names;
}

// --option one,two
template <typename Value>
void add_list(CLI::App& app, const std::string& option, std::vector<Value>& target, const std::map<std::string, Value>& names,
              const std::string& type_name, const std::string& description) {
  CLI::Option* const added = app.add_option_function<std::vector<std::string>>(
      option,
      [&target, names](const std::vector<std::string>& given) {
        target.clear();
        for (const std::string& name : given) target.push_back(names.at(name));
      },
      description);
  note_values(added, names);
  added->delimiter(',')->allow_extra_args(false)->check(CLI::IsMember(names))->type_name(type_name);
}

bool is_table(Format format) { return format == Format::kTable || format == Format::kCsv || format == Format::kMarkdown; }

}  // namespace

const char* const kReportHelp =
    R"(Columns: type parameters trainable module_calls calls macs flops share transcendentals activations bytes
  bytes_read bytes_written bytes_communicated masked_macs intensity dtype phase inputs outputs
Rows (--by): module, the hierarchy, each row with everything below it; or any of module, operator, phase and dtype, with
  commas: the rows part the whole and add up to it.
Whose (--ancestors): where a module calls another that it does not own, owner counts the call for the modules above that other
  one's name, caller for those that were on the stack; html and folded then have a block for each way in which it was called.
Formats: table, tree, markdown for people; json (docs/json.md; torchtally report and diff read it), csv, both exact; html, one
  file for a browser; folded, for flame graph tools, as wide as --weight.)";

void add_report_flags(CLI::App& app, ReportFlags& flags) {
  const std::map<std::string, Format> formats = {
      {"table", Format::kTable},       {"tree", Format::kTree}, {"json", Format::kJson},    {"csv", Format::kCsv},
      {"markdown", Format::kMarkdown}, {"html", Format::kHtml}, {"folded", Format::kFolded}};
  add_choice(app, "--format", flags.format, formats, "table", "FORMAT", "table, tree, json, csv, markdown, html or folded");
  app.add_option("--depth", flags.options.depth, "Levels of modules to show; all if not given")
      ->check(check_not_negative)
      ->type_name("N");
  add_list(app, "--by", flags.options.by, groups_by_name(), "WHAT,...", "What rows stand for: module, operator, phase, dtype");
  add_list(app, "--columns", flags.options.columns, columns_by_name(), "COLUMN,...", "What stands in a row: see below");
  add_choice<std::optional<Column>>(
      app, "--sort", flags.options.sort,
      [] {
        std::map<std::string, std::optional<Column>> names;
        for (const auto& [name, column] : numbers_by_name()) names.emplace(name, column);
        return names;
      }(),
      "", "COLUMN", "Order of the rows, greatest first; any column of numbers");
  app.add_option("--top", flags.options.top, "The first N rows only; in a tree the first N below each module")
      ->check(check_positive)
      ->type_name("N");
  add_ancestors(app, flags.options.ancestors);
  add_choice(app, "--weight", flags.weight, weights_by_name(), "flops", "COLUMN", "Of folded stacks: a column of counts");
  app.add_option("--peak", flags.peak, "GFLOP/s of this machine, for the roofline of the HTML report")
      ->check(check_positive)
      ->type_name("N");
  app.add_option("--bandwidth", flags.bandwidth, "GB/s of this machine, for the roofline of the HTML report")
      ->check(check_positive)
      ->type_name("N");
  add_output(app, flags.output, "the report");
}

void add_ancestors(CLI::App& app, Ancestors& ancestors) {
  add_choice(app, "--ancestors", ancestors, {{"owner", Ancestors::kOwner}, {"caller", Ancestors::kCaller}}, "owner", "WHOSE",
             "A module's cost has what it owns, or what it called: owner or caller");
}

void check(const ReportFlags& flags) {
  const auto& by = flags.options.by;
  const bool is_by_module = by.size() == 1 && by[0] == GroupBy::kModule;
  if (is_table(flags.format)) return;
  if (!is_by_module) throw CLI::ValidationError("--by", "is for the formats table, csv and markdown");
  if (flags.format == Format::kJson && flags.options.ancestors != Ancestors::kOwner) {
    throw CLI::ValidationError("--ancestors", "is for all formats but json, which has both");
  }
  if (flags.format == Format::kTree) return;
  if (flags.options.sort) throw CLI::ValidationError("--sort", "is for the formats table, tree, csv and markdown");
  if (flags.options.top > 0) throw CLI::ValidationError("--top", "is for the formats table, tree, csv and markdown");
}

std::string render(const Tally& tally, const ReportFlags& flags, const std::string& torch_version, const std::string& title,
                   const CallTimes* times) {
  ReportOptions options = flags.options;
  if (flags.output.empty()) {
    options.width = static_cast<int>(terminal_width());
    options.colour = wants_colour();
  }
  switch (flags.format) {
    case Format::kTree:
      return to_tree(tally, options);
    case Format::kJson:
      return to_json(tally, torch_version);
    case Format::kCsv:
      return to_csv(tally, options);
    case Format::kMarkdown:
      return to_markdown(tally, options);
    case Format::kHtml:
      return to_html(tally,
                     HtmlOptions{title, torch_version, flags.peak * kGiga, flags.bandwidth * kGiga, times, options.ancestors});
    case Format::kFolded:
      return to_folded(tally, flags.weight, options.ancestors);
    case Format::kTable:
      break;
  }
  return to_table(tally, options);
}

}  // namespace torchtally::cli
