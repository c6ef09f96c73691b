#include "report/call_tree.h"
#include "report/cells.h"
#include "report/hierarchy.h"
#include "report/json_text.h"
#include "report/sums.h"
#include "torchtally/report.h"

namespace torchtally {
namespace {

// A frame's name must not look like two frames, or like the end of the line.
std::string frame(std::string name) {
  for (char& c : name) {
    if (c == ';') c = ':';
    if (c == '\n' || c == '\r') c = ' ';
  }
  return name;
}

}  // namespace

std::string to_folded(const Tally& tally, Column weight, Ancestors ancestors) {
  if (ancestors == Ancestors::kCaller) return to_folded(report::call_tree(tally), weight);
  report::count_of(Cost(), weight);  // complains about a column that is no count, even of an empty tally
  report::OperatorNames operators = report::operator_names(tally);
  for (std::string& name : operators.names) name = frame(std::move(name));
  const auto costs = report::own_costs_by_operator(tally, operators);
  const auto& modules = tally.modules();
  std::vector<std::string> paths;
  std::string folded;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const std::string name = frame(report::own_name(tally, static_cast<int>(i)));
    paths.push_back(modules[i].parent < 0 ? name : paths[modules[i].parent] + ";" + name);
    for (const report::OperatorCost& entry : costs[i]) {
      const Count count = report::count_of(entry.cost, weight);
      if (count == 0) continue;
      folded += paths[i] + ";" + operators.names[entry.op] + " ";
      report::append_integer(folded, count);
      folded += '\n';
    }
  }
  return folded;
}

}  // namespace torchtally
