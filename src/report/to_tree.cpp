#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

class TreeWriter {
 public:
  TreeWriter(const Tally& tally, const ReportOptions& options, const report::Listing& listing)
      : tally_(tally),
        options_(options),
        listing_(listing),
        children_(report::children_of(tally)),
        aliases_(aliases_by_parent(tally)),
        unknown_(unknown_marks(tally)),
        lines_(tally.modules().size()),
        tree_(alignment_of(listing)) {
    for (const report::Line& line : listing.lines) lines_[line.module] = &line;
  }

  std::string text() {
    write(0, 0);
    std::string text;
    const std::vector<std::string> lines = tree_.lines(static_cast<std::size_t>(options_.width));
    for (std::size_t i = 0; i < lines.size(); ++i) text += look(lines[i], looks_[i], options_.colour) + "\n";
    return text;
  }

 private:
  static std::vector<Align> alignment_of(const report::Listing& listing) {
    std::vector<Align> alignment = {Align::kLeft};
    for (const Column column : listing.columns) alignment.push_back(report::align_of(column));
    alignment.push_back(Align::kLeft);
    return alignment;
  }

  // The module, and what is below it.
  void write(int module, int level) {
    const ModuleInfo& info = tally_.modules()[module];
    std::vector<std::string> cells = {indented(level, report::own_name(tally_, module), module == 0 ? "" : info.type)};
    for (const Column column : listing_.columns) cells.push_back(report::labelled_cell(listing_, *lines_[module], column));
    const bool is_uncalled = info.registered && !info.called;
    cells.push_back(is_uncalled ? "not called" : unknown_[module]);
    add(std::move(cells), !unknown_[module].empty() ? Look::kWarning : is_uncalled ? Look::kFaint : Look::kPlain);
    if (options_.depth >= 0 && level >= options_.depth) return;

    std::vector<int>& below = children_[module];
    if (options_.sort) {
      std::stable_sort(below.begin(), below.end(), [this](int a, int b) { return sort_key(a) > sort_key(b); });
    }
    const std::size_t shown = options_.top > 0 ? std::min(below.size(), static_cast<std::size_t>(options_.top)) : below.size();
    for (std::size_t i = 0; i < shown; ++i) write(below[i], level + 1);
    if (shown < below.size()) add_note(level + 1, "and " + std::to_string(below.size() - shown) + " more", "");
    const auto aliases = aliases_.find(info.name);
    if (aliases == aliases_.end()) return;
    for (const AliasLine& alias : aliases->second) {
      add_note(level + 1, indented(0, alias.name, alias.module->type), "shared, counted as " + alias.module->name);
    }
  }

  double sort_key(int module) const { return report::number(listing_, *lines_[module], *options_.sort); }

  void add_note(int level, const std::string& name, std::string note) {
    std::vector<std::string> cells(listing_.columns.size() + 2);
    cells.front() = indented(level, name, "");
    cells.back() = std::move(note);
    add(std::move(cells), Look::kFaint);
  }

  void add(std::vector<std::string> cells, Look look) {
    tree_.add_row(std::move(cells));
    looks_.push_back(look);
  }

  const Tally& tally_;
  const ReportOptions& options_;
  const report::Listing& listing_;
  std::vector<std::vector<int>> children_;
  const std::map<std::string, std::vector<AliasLine>> aliases_;
  const std::vector<std::string> unknown_;
  std::vector<const report::Line*> lines_;  // by module; null where it is deeper than options_.depth
  report::TextColumns tree_;
  std::vector<Look> looks_;
};

}  // namespace

std::string to_tree(const Tally& tally, const ReportOptions& options) {
  report::check_sort(options.sort);
  ReportOptions hierarchy;
  hierarchy.depth = options.depth;
  hierarchy.ancestors = options.ancestors;
  hierarchy.columns = options.columns;
  if (hierarchy.columns.empty()) {
    hierarchy.columns = {Column::kParameters, Column::kMacs, Column::kFlops, Column::kActivations};
  }
  const report::Listing listing = report::make_listing(tally, hierarchy, false);
  return TreeWriter(tally, options, listing).text() + report::coverage_notes(tally, options.colour);
}

}  // namespace torchtally
