// Every operator that this LibTorch's dispatcher holds has a verdict.
#include <ATen/core/dispatch/Dispatcher.h>
#include <gmock/gmock.h>

#include <set>
#include <string>

#include "torchtally/formula.h"

namespace torchtally {
namespace {

// A composite operator needs none: its parts are counted. (One that some backend has a kernel of its own for is a leaf there.)
bool needs_verdict(const c10::OperatorHandle& op) {
  return !op.hasKernelForDispatchKey(c10::DispatchKey::CompositeImplicitAutograd);
}

TEST(Coverage, EveryOperatorHasAVerdict) {
  const FormulaSet formulas = FormulaSet::builtin();
  std::set<std::string> unknown;
  int overloads = 0;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    const auto op = c10::Dispatcher::singleton().findSchema(name);
    if (!op.has_value() || !needs_verdict(*op)) continue;
    ++overloads;
    if (formulas.verdict(name.name, name.overload_name).kind == VerdictKind::kUnknown) unknown.insert(c10::toString(name));
  }
  RecordProperty("overloads", overloads);
  EXPECT_GT(overloads, 2000);
  EXPECT_THAT(unknown, testing::IsEmpty());
}

// Those too are leaves: where a backend has a kernel for a composite operator, it does not decompose.
TEST(Coverage, EveryCompositeThatABackendImplementsHasAVerdict) {
  const FormulaSet formulas = FormulaSet::builtin();
  const c10::DispatchKeySet backends = c10::getRuntimeDispatchKeySet(c10::DispatchKey::CompositeExplicitAutograd);
  std::set<std::string> unknown;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    const auto op = c10::Dispatcher::singleton().findSchema(name);
    if (!op.has_value() || needs_verdict(*op) || !op->hasKernelForAnyDispatchKey(backends)) continue;
    if (formulas.verdict(name.name, name.overload_name).kind == VerdictKind::kUnknown) unknown.insert(c10::toString(name));
  }
  EXPECT_THAT(unknown, testing::IsEmpty());
}

TEST(Coverage, EveryOperatorsNameIsOneForAFormula) {
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    EXPECT_TRUE(FormulaSet::empty().ignore(c10::toString(name)).overrides(name.name, name.overload_name)) << name;
  }
}

}  // namespace
}  // namespace torchtally
