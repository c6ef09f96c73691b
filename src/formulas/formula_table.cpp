#include "torchtally/formula_table.h"

#include <utility>

#include "formulas/families.h"
#include "formulas/table.h"

namespace torchtally {
namespace {

using formulas::Row;
using formulas::Work;

// Families that have this in their mathematics take a row's number as work; to others it is a dimension, say.
constexpr std::string_view kWhatTheRowSays = "what the row says";

bool is_zero(Work work) { return work.flops == 0 && work.transcendentals == 0; }
bool is_twice(Work complex, Work real) {
  return complex.flops == 2 * real.flops && complex.transcendentals == 2 * real.transcendentals;
}

// "2 · inputs + 1 · results"; empty if nothing.
std::string sum(int each, std::string_view elements, int result, std::string_view results) {
  std::string text;
  if (each != 0) text = std::to_string(each) + " · " + std::string(elements);
  if (result != 0) text += (text.empty() ? "" : " + ") + std::to_string(result) + " · " + std::string(results);
  return text;
}

// "flops = 2 · outputs, transcendentals = 1 · outputs"
std::string equations(Work each, std::string_view elements, Work result) {
  const std::string flops = sum(each.flops, elements, result.flops, "results");
  const std::string transcendentals = sum(each.transcendentals, elements, result.transcendentals, "results");
  std::string text;
  if (!flops.empty() || transcendentals.empty()) text = "flops = " + (flops.empty() ? "0" : flops);
  if (!transcendentals.empty()) text += (text.empty() ? "" : ", ") + ("transcendentals = " + transcendentals);
  return text;
}

// Of a row whose numbers are its whole formula: each per element of `elements`, result per element of the result.
std::string equations(const Row& row, std::string_view elements) {
  std::string text = equations(row.each, elements, row.result);
  if (!is_twice(row.complex_each, row.each) || !is_twice(row.complex_result, row.result)) {
    text += "; if complex, " + equations(row.complex_each, elements, row.complex_result);
  }
  return text;
}

// "2 flops", "1 flop and 1 transcendental", "nothing"
std::string in_words(Work work) {
  const auto number = [](int n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); };
  if (is_zero(work)) return "nothing";
  if (work.transcendentals == 0) return number(work.flops, "flop");
  const std::string transcendentals = number(work.transcendentals, "transcendental");
  return work.flops == 0 ? transcendentals : number(work.flops, "flop") + " and " + transcendentals;
}

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  const std::size_t at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

std::string counted_mathematics(const Row& row) {
  if (row.family == &formulas::per_output) return equations(row, "outputs");
  if (row.family == &formulas::per_input) return equations(row, "inputs");
  if (row.family == &formulas::per_gradient) return equations(row, "gradients") + "; the input is not read";
  if (row.family == &formulas::per_second_input) return equations(row, "elements of the second argument");
  const std::string mathematics(row.family->mathematics);
  if (row.family == &formulas::polynomial) {
    return replaced(
        mathematics, ", as the row says",
        ", where degree 1 costs " + std::to_string(row.result.flops) + " and a step " + std::to_string(row.each.flops));
  }
  const std::string result = is_zero(row.result) ? "" : " and " + in_words(row.result) + " on the result";
  return replaced(mathematics, kWhatTheRowSays, in_words(row.each) + result);
}

// What a call touches that computes nothing (Verdict::cost_of).
std::string bytes_of(ZeroReason reason) {
  switch (reason) {
    case ZeroReason::kView:
    case ZeroReason::kMetadata:
    case ZeroReason::kIgnored:
      return "nothing is touched";
    case ZeroReason::kFactory:
    case ZeroReason::kRandom:
      return "bytes written only";
    case ZeroReason::kCopy:
    case ZeroReason::kComparison:
      break;
  }
  return "bytes read and written";
}

FormulaDescription describe(const Row& row) {
  FormulaDescription description;
  description.name = row.name;
  description.kind = row.kind;
  description.reason = row.reason;
  if (row.kind == VerdictKind::kCounted) {
    description.mathematics = counted_mathematics(row);
  } else {
    description.mathematics =
        "no arithmetic; " + (row.family == nullptr ? bytes_of(row.reason) : std::string(row.family->mathematics));
  }
  description.arithmetic = row.arithmetic;
  description.source = row.family == nullptr ? "Note [Conventions], torchtally/cost.h" : row.family->source;
  description.has_operand_dtype = row.family != nullptr && row.family->has_operand_dtype;
  return description;
}

}  // namespace

std::vector<FormulaDescription> builtin_formulas() {
  std::vector<FormulaDescription> descriptions;
  descriptions.reserve(formulas::table().size());
  for (const Row& row : formulas::table()) descriptions.push_back(describe(row));
  return descriptions;
}

std::optional<FormulaDescription> find_builtin_formula(std::string_view op) {
  const Row* row = formulas::find_row(operator_base_name(op));
  if (row == nullptr) return std::nullopt;
  return describe(*row);
}

std::string operator_base_name(std::string_view op) {
  const std::size_t colons = op.find("::");
  const std::size_t dot = op.find('.', colons == std::string_view::npos ? 0 : colons);
  return std::string(formulas::base_name(op.substr(0, dot)));
}

std::string verdict_text(VerdictKind kind, ZeroReason reason) {
  switch (kind) {
    case VerdictKind::kCounted:
      return "counted";
    case VerdictKind::kZero:
      return "zero: " + std::string(zero_reason_name(reason));
    case VerdictKind::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace torchtally
