#include "cli/known_operators.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <sstream>

#include "dispatch/decomposes.h"

namespace torchtally::cli {
namespace {

std::vector<std::string> own_backends(const c10::OperatorHandle& op) {
  const c10::DispatchKeySet backends = c10::getRuntimeDispatchKeySet(c10::DispatchKey::CompositeExplicitAutograd) |
                                       c10::DispatchKeySet(c10::DispatchKey::NestedTensor);
  std::vector<std::string> names;
  for (std::size_t key = 1; key <= static_cast<std::size_t>(c10::DispatchKey::EndOfRuntimeBackendKeys); ++key) {
    const auto backend = static_cast<c10::DispatchKey>(key);
    if (backends.has(backend) && op.hasKernelForDispatchKey(backend)) names.emplace_back(c10::toString(backend));
  }
  return names;
}

Overload overload_of(const c10::OperatorHandle& op) {
  Overload overload;
  overload.name = c10::toString(op.operator_name());
  std::ostringstream schema;
  schema << op.schema();
  overload.schema = schema.str();
  overload.composite = dispatch::decomposes(op);
  if (overload.composite) overload.own_backends = own_backends(op);
  return overload;
}

}  // namespace

std::size_t KnownOperator::leaf_overloads() const {
  return static_cast<std::size_t>(
      std::count_if(overloads.begin(), overloads.end(), [](const Overload& overload) { return !overload.composite; }));
}

KnownOperators known_operators() {
  KnownOperators known;
  for (FormulaDescription& formula : builtin_formulas()) {
    const std::string name = formula.name;
    known[name].formula = std::move(formula);
  }
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    const auto op = c10::Dispatcher::singleton().findSchema(name);  // kernels may be registered for what nobody has defined
    if (!op) continue;
    KnownOperator& entry = known[operator_base_name(name.name)];
    if (entry.formula.name.empty()) {
      entry.formula.name = operator_base_name(name.name);
      entry.formula.mathematics = "not known; reported by name with its calls, what it calls inside is counted";
    }
    entry.overloads.push_back(overload_of(*op));
  }
  for (auto& [name, entry] : known) {
    std::sort(entry.overloads.begin(), entry.overloads.end(),
              [](const Overload& a, const Overload& b) { return a.name < b.name; });
  }
  return known;
}

}  // namespace torchtally::cli
