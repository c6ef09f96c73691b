#include "cli/explain_command.h"

#include <torch/version.h>

#include <algorithm>

#include "cli/failure.h"
#include "cli/known_operators.h"
#include "cli/library.h"
#include "cli/operator_names.h"
#include "cli/output_file.h"

namespace torchtally::cli {
namespace {

constexpr char kConventions[] =
    "Conventions: macs are those of matrix products and convolutions; flops are 2 per MAC and 1 per other operation of an "
    "element;\n"
    "transcendentals (exp, sqrt, ...) are counted apart. Inputs are read once, outputs written once, unless it says otherwise.\n";

const KnownOperator& find(const KnownOperators& known, const std::string& op) {
  // Without a namespace: aten's, or the only one that has it.
  const std::string base = operator_base_name(op);
  if (const auto found = known.find(base); found != known.end()) return found->second;
  if (base.find("::") == std::string::npos) {
    if (const auto found = known.find("aten::" + base); found != known.end()) return found->second;
  }
  std::vector<std::string> names;
  std::vector<std::string> elsewhere;
  for (const auto& [name, entry] : known) {
    names.push_back(name);
    if (name.substr(name.find("::") + 2) == base) elsewhere.push_back(name);
  }
  if (elsewhere.size() == 1) return known.at(elsewhere[0]);
  throw Failure("there is no operator '" + op + "' in LibTorch " TORCH_VERSION + suggestion(base, names));
}

// "aten::add.Tensr" has to be one of them; "aten::add_" and "aten::add" need not.
void check_overload(const KnownOperator& op, const std::string& asked) {
  const std::size_t dot = asked.find('.', asked.find("::") == std::string::npos ? 0 : asked.find("::"));
  if (dot == std::string::npos || op.overloads.empty()) return;
  std::string list;
  for (const Overload& overload : op.overloads) {
    const std::size_t at = overload.name.find('.', overload.name.find("::"));
    if (at != std::string::npos && overload.name.compare(at, std::string::npos, asked, dot) == 0) return;
    list += (list.empty() ? "" : ", ") + overload.name;
  }
  throw Failure(op.formula.name + " has no overload '" + asked.substr(dot + 1) + "' in LibTorch " TORCH_VERSION "\n  It has " +
                list);
}

std::string line(std::string title, const std::string& text) {
  title.resize(std::max<std::size_t>(title.size(), 13), ' ');
  return title + text + "\n";
}

// What a composite is, where all or some overloads are one; empty otherwise.
std::string composite_of(const KnownOperator& op) {
  const std::size_t leaves = op.leaf_overloads();
  if (leaves == op.overloads.size()) return "";
  std::vector<std::string> backends;
  for (const Overload& overload : op.overloads)
    backends.insert(backends.end(), overload.own_backends.begin(), overload.own_backends.end());
  std::sort(backends.begin(), backends.end());
  backends.erase(std::unique(backends.begin(), backends.end()), backends.end());
  std::string list;
  for (const std::string& backend : backends) list += (list.empty() ? "" : ", ") + backend;
  std::string text = leaves == 0 ? "yes (CompositeImplicitAutograd)" : "some overloads (CompositeImplicitAutograd)";
  text += ": PyTorch decomposes it, and its parts are counted";
  if (!list.empty()) text += ";\n" + line("", "on " + list + " a kernel of its own is called, and the verdict above holds");
  if (text.back() == '\n') text.pop_back();
  return text;
}

std::string verdict_of(const KnownOperator& op) {
  const bool only_composite = !op.overloads.empty() && op.leaf_overloads() == 0;
  if (op.formula.kind == VerdictKind::kUnknown && only_composite) return "composite: its parts are counted";
  return verdict_text(op.formula.kind, op.formula.reason);
}

std::string explanation(const KnownOperator& op) {
  const FormulaDescription& formula = op.formula;
  const bool has_row = formula.kind != VerdictKind::kUnknown;
  std::string text = formula.name + "\n" + line("verdict", verdict_of(op));
  if (has_row || op.leaf_overloads() > 0) text += line("mathematics", formula.mathematics);
  if (!formula.arithmetic.empty()) text += line("arithmetic", formula.arithmetic);
  if (has_row) text += line("source", formula.source);
  if (formula.kind == VerdictKind::kCounted) {
    text += line("dtype", formula.has_operand_dtype
                              ? "of the operand that products are made of, not of what they are added up in"
                              : "of the result; where that is no number (a comparison, an index), of the first tensor");
  }
  const std::string composite = composite_of(op);
  if (!op.overloads.empty()) text += line("composite", composite.empty() ? "no" : composite);
  text += line("overloads", op.overloads.empty() ? "none in LibTorch " TORCH_VERSION
                                                 : std::to_string(op.overloads.size()) + " in LibTorch " TORCH_VERSION);
  const bool is_mixed = !composite.empty() && op.leaf_overloads() > 0;
  for (const Overload& overload : op.overloads) {
    text += "  " + overload.schema + (is_mixed && overload.composite ? "  [composite]" : "") + "\n";
  }
  return text + "\n" + kConventions;
}

}  // namespace

void explain(const ExplainOptions& options) {
  for (const std::string& library : options.libraries) load_library(library);
  const KnownOperators known = known_operators();
  const KnownOperator& op = find(known, options.op);
  check_overload(op, options.op);
  write_to_stdout(explanation(op));
}

}  // namespace torchtally::cli
