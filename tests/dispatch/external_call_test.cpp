// Calls that the dispatcher does not see.
#include "torchtally/external_call.h"

#include <gmock/gmock.h>

#include "support.h"
#include "torchtally/formula.h"
#include "torchtally/module_scope.h"

namespace torchtally::testing {
namespace {

constexpr std::int64_t kShape[] = {2, 3};
constexpr OpSchema::Parameter kParameters[] = {{"x"}};

// A kernel of one argument, (2, 3).
void launch() {
  const Argument arguments[] = {Argument(TensorView(kShape, nullptr, 2, DType::kBFloat16))};
  count_call(OpCall({"mykernels::scale", "", kParameters}, arguments, {}));
}

FormulaSet with_formula() {
  auto formulas = FormulaSet::builtin();
  formulas.set("mykernels::scale", [](const OpCall& call, Cost& cost) { cost.flops += call.tensor("x").numel(); });
  return formulas;
}

TEST(ExternalCall, IsUnknownToWhoHasNoFormula) {
  CountingGuard guard;
  EXPECT_FALSE(knows_call("mykernels::scale"));
  launch();
  launch();
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.unknown_operators().at("mykernels::scale"), 2);
  EXPECT_EQ(tally.total().calls, 2);
  EXPECT_EQ(tally.total().flops, 0);
}

// 6 elements of 2 bytes.
TEST(ExternalCall, CountsByTheFormulaOfEachGuardWhereItIsMade) {
  CountingGuard outer;
  CountingGuard guard(with_formula());
  EXPECT_TRUE(knows_call("mykernels::scale"));
  {
    ModuleScope scope("layer");
    launch();
  }
  product();
  const Tally tally = guard.tally();
  const Cost cost = tally.by_module().at("layer");
  EXPECT_EQ(cost.flops, 6);
  EXPECT_EQ(cost.calls, 1);
  EXPECT_EQ(cost.bytes_read, 12);
  EXPECT_EQ(tally.by_dtype().at("bfloat16").flops, 6);
  EXPECT_EQ(tally.by_operator().at("mykernels::scale").flops, 6);
  EXPECT_TRUE(tally.unknown_operators().empty());
  EXPECT_EQ(outer.tally().unknown_operators().at("mykernels::scale"), 1);
}

TEST(ExternalCall, IsNotCountedWhereNothingIs) {
  EXPECT_FALSE(is_counting());
  launch();
  CountingGuard guard;
  {
    PauseCounting pause;
    EXPECT_FALSE(is_counting());
    launch();
  }
  EXPECT_TRUE(is_counting());
  EXPECT_EQ(guard.tally().total().calls, 0);
}

}  // namespace
}  // namespace torchtally::testing
