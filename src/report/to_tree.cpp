#include <map>

#include "report/coverage.h"
#include "report/hierarchy.h"
#include "report/text_columns.h"
#include "torchtally/report.h"

namespace torchtally {
namespace {

using report::Align;

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

// The name below the parent: the tree shows the rest by indentation.
std::string name_below_parent(const Tally& tally, int index) {
  const ModuleInfo& module = tally.modules()[index];
  if (module.parent < 0) return module.type.empty() ? "(root)" : "";
  const std::string prefix = tally.modules()[module.parent].name + ".";
  return module.name.compare(0, prefix.size(), prefix) == 0 ? module.name.substr(prefix.size()) : module.name;
}

}  // namespace

std::string to_tree(const Tally& tally, const ReportOptions& options) {
  const std::vector<Cost> costs = tally.inclusive_costs();
  const auto aliases = aliases_by_parent(tally);
  report::TextColumns tree({Align::kLeft, Align::kRight, Align::kRight, Align::kRight, Align::kRight, Align::kLeft});

  // The aliases below a module come after its last descendant: they wait here, innermost last.
  struct Waiting {
    int level;
    const std::vector<AliasLine>* lines;
  };
  std::vector<Waiting> waiting;
  const auto write_aliases_down_to = [&](int level) {
    while (!waiting.empty() && waiting.back().level > level) {
      for (const AliasLine& line : *waiting.back().lines) {
        tree.add_row({indented(waiting.back().level, line.name, line.module->type), "", "", "", "",
                      "shared, counted as " + line.module->name});
      }
      waiting.pop_back();
    }
  };

  for (const report::Node& node : report::depth_first(tally, options.depth)) {
    write_aliases_down_to(node.level);
    const ModuleInfo& module = tally.modules()[node.module];
    const Cost& cost = costs[node.module];
    tree.add_row({indented(node.level, name_below_parent(tally, node.module), module.type),
                  human_count(module.parameters.total) + " params", human_count(cost.macs) + " MACs",
                  human_count(cost.flops) + " FLOPs", human_count(cost.activations) + " activations",
                  module.registered && !module.called ? "not called" : ""});
    const auto below = aliases.find(module.name);
    if (below != aliases.end() && (options.depth < 0 || node.level < options.depth)) {
      waiting.push_back({node.level + 1, &below->second});
    }
  }
  write_aliases_down_to(-1);
  return tree.str() + report::coverage_notes(tally);
}

}  // namespace torchtally
