#include "report/coverage.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "report/colour.h"
#include "report/text_columns.h"

namespace torchtally::report {
namespace {

constexpr std::size_t kNamed = 5;  // of a list that may be long

// A cost that module_formula.h tells of: "torchtally::module(Linear, replaced)".
constexpr std::string_view kModuleFormula = "torchtally::module(";
constexpr std::string_view kReplaced = ", replaced";

// Kernels of torch.compile, as the Python package names them.
constexpr std::string_view kCompiled = "torch_compile::";
constexpr std::string_view kCompiledNote =
    "torch_compile: what compiled code has fused into kernels of its own, which are named by what is in them. Products and\n"
    "convolutions that it calls as operators are counted.\n";

std::string unknown_operators_note(const Tally& tally, bool colour) {
  const auto unknown = tally.unknown_operators();
  if (unknown.empty()) return "";
  TextColumns lines({Align::kLeft, Align::kRight, Align::kLeft});
  bool any_compiled = false;
  for (const auto& [name, calls] : unknown) {
    any_compiled |= name.compare(0, kCompiled.size(), kCompiled) == 0;
    const std::int64_t exact = calls;
    lines.add_row({"  " + name, std::to_string(exact), exact == 1 ? "call" : "calls"});
  }
  return look("Unknown operators: their own cost is not in the figures above, only what they called inside.", Look::kWarning,
              colour) +
         "\n" + lines.str() + (any_compiled ? std::string(kCompiledNote) : "");
}

// "a, b and 2 more".
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  const std::size_t named = std::min(names.size(), kNamed);
  for (std::size_t i = 0; i < named; ++i) text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > named) text += " and " + std::to_string(names.size() - named) + " more";
  return text;
}

// Of "torchtally::module(Linear, replaced)": "Linear (replaced)". Empty of every other operator's name.
std::string module_of_formula(std::string_view op) {
  if (op.compare(0, kModuleFormula.size(), kModuleFormula) != 0 || op.back() != ')') return "";
  const std::string_view label = op.substr(kModuleFormula.size(), op.size() - kModuleFormula.size() - 1);
  const std::size_t comma = label.rfind(kReplaced);
  const bool is_replaced = comma != std::string_view::npos && comma + kReplaced.size() == label.size();
  return is_replaced ? std::string(label.substr(0, comma)) + " (replaced)" : std::string(label);
}

std::string module_formulas_note(const Tally& tally) {
  std::set<std::string> modules;
  for (const Tally::Row& row : tally.rows()) {
    const std::string module = module_of_formula(tally.operators()[row.op].name);
    if (!module.empty()) modules.insert(module);
  }
  return modules.empty() ? "" : "Counted by formulas of modules: " + listed({modules.begin(), modules.end()}) + "\n";
}

std::string uncalled_modules_note(const Tally& tally) {
  std::vector<std::string> uncalled = tally.uncalled_modules();
  if (uncalled.empty()) return "";
  std::replace(uncalled.begin(), uncalled.end(), std::string(), std::string("(root)"));
  return std::to_string(uncalled.size()) + (uncalled.size() == 1 ? " module" : " modules") + " not called: " + listed(uncalled) +
         "\n";
}

}  // namespace

std::string coverage_notes(const Tally& tally, bool colour) {
  std::string notes = unknown_operators_note(tally, colour) + module_formulas_note(tally) + uncalled_modules_note(tally);
  if (tally.saturated()) notes += "A counter left the range of 64 bits: figures with >= say \"at least\".\n";
  return notes.empty() ? notes : "\n" + notes;
}

}  // namespace torchtally::report
