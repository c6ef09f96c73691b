#include <map>
#include <stdexcept>
#include <utility>

#include "formulas/table.h"
#include "torchtally/formula.h"

namespace torchtally {

struct FormulaSet::Overrides {
  std::map<std::string, Verdict, std::less<>> verdicts;       // by base name, with ".overload" where one was given
  std::map<std::string, ModuleVerdict, std::less<>> modules;  // by name or type
};

namespace {

// Of any letters: an operator's is an identifier, that of an external call (external_call.h) whatever its caller says.
bool is_part_of_name(std::string_view text) { return !text.empty() && text.find_first_of(":. \t\n") == std::string_view::npos; }

bool is_name(std::string_view op) {
  const std::size_t colons = op.find("::");
  if (colons == std::string_view::npos || !is_part_of_name(op.substr(0, colons))) return false;
  const std::string_view after = op.substr(colons + 2);
  const std::size_t dot = after.find('.');
  return is_part_of_name(after.substr(0, dot)) && (dot == std::string_view::npos || is_part_of_name(after.substr(dot + 1)));
}

// "aten::add_.Tensor" -> "aten::add.Tensor".
std::string canonical(std::string_view op) {
  if (!is_name(op)) {
    throw std::invalid_argument("torchtally::FormulaSet: '" + std::string(op) +
                                "' is not an operator's name; write it as \"namespace::name\" or \"namespace::name.overload\", "
                                "for example \"aten::add\" or \"aten::add.Tensor\"");
  }
  const std::size_t dot = op.find('.');
  std::string name(formulas::base_name(op.substr(0, dot)));
  if (dot != std::string_view::npos) name += op.substr(dot);
  return name;
}

template <typename Overrides>
const Verdict* find(const Overrides& verdicts, std::string_view name, std::string_view overload) {
  if (verdicts.empty()) return nullptr;
  const std::string base(formulas::base_name(name));
  auto found = verdicts.end();
  if (!overload.empty()) found = verdicts.find(base + "." + std::string(overload));
  if (found == verdicts.end()) found = verdicts.find(base);
  return found == verdicts.end() ? nullptr : &found->second;
}

DType first_dtype(absl::Span<const Argument> arguments) {
  for (const Argument& argument : arguments) {
    if (argument.dtype() != DType::kUndefined) return argument.dtype();
  }
  return DType::kUndefined;
}

// Of the tensors that are multiplied the narrowest: beside them are sums, scales and biases of a wider type, indices and masks.
DType operand_dtype(absl::Span<const Argument> arguments) {
  DType narrowest = DType::kUndefined;
  for (const Argument& argument : arguments) {
    for (const TensorView& tensor : argument.tensors()) {
      const DType dtype = tensor.dtype();
      const bool is_beside = dtype == DType::kInt64 || dtype == DType::kInt32 || dtype == DType::kBool;
      if (!tensor.defined() || is_beside) continue;
      if (narrowest == DType::kUndefined || element_size(dtype) < element_size(narrowest)) narrowest = dtype;
    }
  }
  return narrowest == DType::kUndefined ? first_dtype(arguments) : narrowest;
}

}  // namespace

FormulaSet::FormulaSet(bool builtin, std::shared_ptr<const Overrides> overrides)
    : builtin_(builtin), overrides_(std::move(overrides)) {}

FormulaSet FormulaSet::builtin() { return {true, std::make_shared<const Overrides>()}; }

FormulaSet FormulaSet::empty() { return {false, std::make_shared<const Overrides>()}; }

FormulaSet& FormulaSet::set(std::string_view op, Formula formula) {
  if (!formula) {
    throw std::invalid_argument("torchtally::FormulaSet::set: the formula for '" + std::string(op) +
                                "' is empty; use ignore() to count an operator as zero");
  }
  Verdict verdict;
  verdict.kind = Verdict::Kind::kCounted;
  verdict.user = std::make_shared<const Formula>(std::move(formula));
  return put(op, std::move(verdict));
}

FormulaSet& FormulaSet::ignore(std::string_view op) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::kZero;
  verdict.reason = ZeroReason::kIgnored;
  return put(op, std::move(verdict));
}

FormulaSet& FormulaSet::put(std::string_view op, Verdict verdict) {
  auto changed = std::make_shared<Overrides>(*overrides_);
  changed->verdicts.insert_or_assign(canonical(op), std::move(verdict));
  overrides_ = std::move(changed);
  return *this;
}

FormulaSet& FormulaSet::set_module(std::string_view module, ModuleFormula formula, ModuleCost how) {
  if (!formula) {
    throw std::invalid_argument("torchtally::FormulaSet::set_module: the formula for '" + std::string(module) + "' is empty");
  }
  auto changed = std::make_shared<Overrides>(*overrides_);
  changed->modules.insert_or_assign(std::string(module), ModuleVerdict{std::string(module), std::move(formula), how});
  overrides_ = std::move(changed);
  return *this;
}

bool FormulaSet::has_module_formulas() const { return !overrides_->modules.empty(); }

const FormulaSet::ModuleVerdict* FormulaSet::module_verdict(std::string_view name, std::string_view type) const {
  const auto& modules = overrides_->modules;
  auto found = modules.find(name);
  if (found == modules.end()) found = modules.find(type);
  return found == modules.end() ? nullptr : &found->second;
}

Verdict FormulaSet::verdict(std::string_view name, std::string_view overload) const {
  if (const Verdict* verdict = find(overrides_->verdicts, name, overload)) return *verdict;
  Verdict verdict;
  const formulas::Row* row = builtin_ ? formulas::find_row(name) : nullptr;
  if (row == nullptr) return verdict;
  verdict.kind = row->kind;
  verdict.reason = row->reason;
  verdict.row = row;
  return verdict;
}

bool FormulaSet::overrides(std::string_view name, std::string_view overload) const {
  return find(overrides_->verdicts, name, overload) != nullptr;
}

std::vector<std::string> FormulaSet::overridden() const {
  std::vector<std::string> names;
  for (const auto& [name, verdict] : overrides_->verdicts) names.push_back(name);
  return names;
}

Cost Verdict::cost_of(const OpCall& call) const {
  Cost cost;
  cost.calls = 1;
  const bool touches_nothing =
      kind == Kind::kUnknown ||
      (kind == Kind::kZero && (reason == ZeroReason::kView || reason == ZeroReason::kMetadata || reason == ZeroReason::kIgnored));
  if (touches_nothing) return cost;
  const bool reads = kind == Kind::kCounted || reason == ZeroReason::kCopy || reason == ZeroReason::kComparison;
  const Traffic& traffic = call.traffic();
  if (reads) cost.bytes_read = traffic.bytes_read;
  cost.bytes_written = traffic.bytes_written;
  cost.activations = traffic.elements_written;
  if (user != nullptr) {
    (*user)(call, cost);
  } else if (row != nullptr && row->family != nullptr) {
    row->family->formula(call, *row, cost);
  }
  return cost;
}

DType Verdict::dtype_of(const OpCall& call) const {
  if (row != nullptr && row->family != nullptr && row->family->has_operand_dtype) return operand_dtype(call.arguments());
  const DType operand = first_dtype(call.arguments());
  const DType result = first_dtype(call.results());
  if (result == DType::kUndefined) return operand;
  const bool is_number = is_floating_point(result) || is_complex(result);
  const bool is_about_numbers = is_floating_point(operand) || is_complex(operand);
  return !is_number && is_about_numbers ? operand : result;
}

}  // namespace torchtally
