#include <map>
#include <set>

#include "report/cells.h"
#include "report/colour.h"
#include "report/coverage.h"
#include "report/hierarchy.h"
#include "report/listing.h"
#include "report/text_columns.h"
#include "torchtally/report.h"

namespace torchtally {
namespace {

using report::Align;
using report::Look;

// An alias "decoder.embed" of "embed" is a line of its own below "decoder".
struct AliasLine {
  std::string name;  // last part only: "embed"
  const ModuleInfo* module;
};

// By the module below which the alias stands. An alias inside of an alias has no such module: the outer one's line says it.
std::map<std::string, std::vector<AliasLine>> aliases_by_parent(const Tally& tally) {
  std::map<std::string, std::vector<AliasLine>> aliases;
  for (const ModuleInfo& module : tally.modules()) {
    for (const std::string& alias : module.aliases) {
      const std::size_t dot = alias.rfind('.');
      const std::string parent = dot == std::string::npos ? "" : alias.substr(0, dot);
      aliases[parent].push_back({dot == std::string::npos ? alias : alias.substr(dot + 1), &module});
    }
  }
  return aliases;
}

std::string indented(int level, const std::string& name, const std::string& type) {
  std::string text(static_cast<std::size_t>(level) * 2, ' ');
  return text + name + (name.empty() || type.empty() ? "" : ": ") + type;
}

// By module: "unknown: mylib::mystery".
std::vector<std::string> unknown_marks(const Tally& tally) {
  std::vector<std::set<std::string>> names(tally.modules().size());
  for (const Tally::Row& row : tally.rows()) {
    const OperatorInfo& op = tally.operators()[row.op];
    if (op.verdict == VerdictKind::kUnknown && row.cost.calls > 0) names[row.module].insert(op.name);
  }
  std::vector<std::string> marks;
  for (const auto& unknown : names) {
    marks.emplace_back();
    for (const std::string& name : unknown) marks.back() += (marks.back().empty() ? "unknown: " : ", ") + name;
  }
  return marks;
}

}  // namespace

std::string to_tree(const Tally& tally, const ReportOptions& options) {
  ReportOptions hierarchy;
  hierarchy.depth = options.depth;
  hierarchy.columns = options.columns;
  if (hierarchy.columns.empty()) {
    hierarchy.columns = {Column::kParameters, Column::kMacs, Column::kFlops, Column::kActivations};
  }
  const report::Listing listing = report::make_listing(tally, hierarchy, false);
  const std::vector<report::Node> nodes = report::depth_first(tally, options.depth);  // the listing's, with levels
  const auto aliases = aliases_by_parent(tally);
  const std::vector<std::string> unknown = unknown_marks(tally);

  std::vector<Align> alignment = {Align::kLeft};
  for (const Column column : listing.columns) alignment.push_back(report::align_of(column));
  alignment.push_back(Align::kLeft);
  report::TextColumns tree(std::move(alignment));
  std::vector<Look> looks;

  // The aliases below a module come after its last descendant: they wait here, innermost last.
  struct Waiting {
    int level;
    const std::vector<AliasLine>* lines;
  };
  std::vector<Waiting> waiting;
  const auto write_aliases_down_to = [&](int level) {
    while (!waiting.empty() && waiting.back().level > level) {
      for (const AliasLine& line : *waiting.back().lines) {
        std::vector<std::string> cells(listing.columns.size() + 2);
        cells.front() = indented(waiting.back().level, line.name, line.module->type);
        cells.back() = "shared, counted as " + line.module->name;
        tree.add_row(std::move(cells));
        looks.push_back(Look::kFaint);
      }
      waiting.pop_back();
    }
  };

  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const report::Node& node = nodes[i];
    const report::Line& line = listing.lines[i];
    write_aliases_down_to(node.level);
    const ModuleInfo& module = tally.modules()[node.module];
    const bool is_root = node.module == 0;
    std::vector<std::string> cells = {indented(node.level, report::own_name(tally, node.module), is_root ? "" : module.type)};
    for (const Column column : listing.columns) cells.push_back(report::labelled_cell(listing, line, column));
    const bool is_uncalled = module.registered && !module.called;
    cells.push_back(is_uncalled ? "not called" : unknown[node.module]);
    tree.add_row(std::move(cells));
    looks.push_back(!unknown[node.module].empty() ? Look::kWarning : is_uncalled ? Look::kFaint : Look::kPlain);
    const auto below = aliases.find(module.name);
    if (below != aliases.end() && (options.depth < 0 || node.level < options.depth)) {
      waiting.push_back({node.level + 1, &below->second});
    }
  }
  write_aliases_down_to(-1);

  std::string text;
  const std::vector<std::string> lines = tree.lines(static_cast<std::size_t>(options.width));
  for (std::size_t i = 0; i < lines.size(); ++i) text += look(lines[i], looks[i], options.colour) + "\n";
  return text + report::coverage_notes(tally, options.colour);
}

}  // namespace torchtally
