#include "report/coverage.h"
#include "report/hierarchy.h"
#include "report/text_columns.h"
#include "torchtally/report.h"

namespace torchtally {

using report::Align;

std::string to_table(const Tally& tally, const ReportOptions& options) {
  const std::vector<Cost> costs = tally.inclusive_costs();
  report::TextColumns table({Align::kLeft, Align::kLeft, Align::kRight, Align::kRight, Align::kRight, Align::kRight});
  table.add_row({"Module", "Type", "Parameters", "MACs", "FLOPs", "Activations"});
  for (const report::Node& node : report::depth_first(tally, options.depth)) {
    const ModuleInfo& module = tally.modules()[node.module];
    const Cost& cost = costs[node.module];
    table.add_row({node.module == 0 ? "(root)" : module.name, module.type, human_count(module.parameters.total),
                   human_count(cost.macs), human_count(cost.flops), human_count(cost.activations)});
  }
  return table.str() + report::coverage_notes(tally);
}

}  // namespace torchtally
