#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "call_builder.h"
#include "torchtally/formula.h"

namespace torchtally {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Formula flops(std::int64_t n) {
  return [n](const OpCall&, Cost& cost) { cost.flops += n; };
}

CallBuilder call_of(std::string_view name, std::string_view overload = {}) {
  CallBuilder call(name, overload);
  call.tensor("self", {10}).returns({10});
  return call;
}

TEST(FormulaSet, BuiltinKnowsCountedZeroAndUnknown) {
  const FormulaSet formulas = FormulaSet::builtin();
  EXPECT_EQ(formulas.verdict("aten::mm").kind, VerdictKind::kCounted);
  EXPECT_EQ(formulas.verdict("aten::view").kind, VerdictKind::kZero);
  EXPECT_EQ(formulas.verdict("aten::view").reason, ZeroReason::kView);
  EXPECT_EQ(formulas.verdict("mylib::op").kind, VerdictKind::kUnknown);
}

TEST(FormulaSet, EmptyKnowsNothing) { EXPECT_EQ(FormulaSet::empty().verdict("aten::mm").kind, VerdictKind::kUnknown); }

TEST(FormulaSet, AnUnknownOperatorIsACallAndNothingElse) {
  const Cost cost = call_of("mylib::op").cost();
  Cost expected;
  expected.calls = 1;
  EXPECT_EQ(cost, expected);
}

// A user's formula finds calls, bytes and activations filled in, and may overwrite them.
TEST(FormulaSet, SetAddsAFormula) {
  FormulaSet formulas = FormulaSet::builtin();
  formulas.set("mylib::op", [](const OpCall& call, Cost& cost) {
    EXPECT_EQ(cost.calls, 1);
    EXPECT_EQ(cost.bytes_read, 40);
    EXPECT_EQ(cost.bytes_written, 40);
    EXPECT_EQ(cost.activations, 10);
    cost.add_macs(call.tensor("self").numel());
    cost.bytes_read = 7;
  });
  const Cost cost = call_of("mylib::op").cost(formulas);
  EXPECT_THAT(cost, Costs(10, 0, 0));
  EXPECT_EQ(cost.bytes_read, 7);
}

TEST(FormulaSet, SetOverridesABuiltinOrEarlierFormula) {
  FormulaSet formulas = FormulaSet::builtin();
  formulas.set("aten::exp", flops(5));
  EXPECT_THAT(call_of("aten::exp").cost(formulas), Costs(0, 5, 0));
  formulas.set("aten::exp", flops(6));
  EXPECT_THAT(call_of("aten::exp").cost(formulas), Costs(0, 6, 0));
}

TEST(FormulaSet, IgnoreCountsTheCallOnly) {
  FormulaSet formulas = FormulaSet::builtin();
  formulas.ignore("aten::exp");
  EXPECT_EQ(formulas.verdict("aten::exp").kind, VerdictKind::kZero);
  EXPECT_EQ(formulas.verdict("aten::exp").reason, ZeroReason::kIgnored);
  const Cost cost = call_of("aten::exp").cost(formulas);
  Cost expected;
  expected.calls = 1;
  EXPECT_EQ(cost, expected);
}

TEST(FormulaSet, AnOverloadWinsOverTheName) {
  FormulaSet formulas = FormulaSet::builtin();
  formulas.set("aten::add", flops(1)).set("aten::add.Scalar", flops(2));
  EXPECT_THAT(call_of("aten::add", "Scalar").cost(formulas), Costs(0, 2, 0));
  EXPECT_THAT(call_of("aten::add", "Tensor").cost(formulas), Costs(0, 1, 0));
  EXPECT_THAT(call_of("aten::add").cost(formulas), Costs(0, 1, 0));
}

// Only the overload is overridden: the others stay built in.
TEST(FormulaSet, AnOverloadLeavesTheOthers) {
  FormulaSet formulas = FormulaSet::builtin();
  formulas.ignore("aten::exp.out");
  EXPECT_TRUE(formulas.overrides("aten::exp", "out"));
  EXPECT_FALSE(formulas.overrides("aten::exp"));
  EXPECT_EQ(formulas.verdict("aten::exp").kind, VerdictKind::kCounted);
}

TEST(FormulaSet, InPlaceVariantsShareTheName) {
  FormulaSet formulas = FormulaSet::builtin();
  formulas.set("aten::mul", flops(3));
  EXPECT_THAT(call_of("aten::mul_", "Tensor").cost(formulas), Costs(0, 3, 0));
  formulas.set("aten::div_.Tensor", flops(4));
  EXPECT_THAT(call_of("aten::div", "Tensor").cost(formulas), Costs(0, 4, 0));
  EXPECT_TRUE(formulas.overrides("aten::mul_"));
}

TEST(FormulaSet, CopiesAreIndependent) {
  FormulaSet original = FormulaSet::builtin();
  original.ignore("aten::exp");
  FormulaSet copy = original;
  copy.set("aten::exp", flops(1)).ignore("aten::log");
  EXPECT_EQ(original.verdict("aten::exp").kind, VerdictKind::kZero);
  EXPECT_EQ(copy.verdict("aten::exp").kind, VerdictKind::kCounted);
  EXPECT_THAT(original.overridden(), ElementsAre("aten::exp"));
  EXPECT_THAT(copy.overridden(), ElementsAre("aten::exp", "aten::log"));
  EXPECT_THAT(FormulaSet::builtin().overridden(), IsEmpty());
}

// A verdict outlives the set that gave it.
TEST(FormulaSet, VerdictsOwnTheirFormula) {
  Verdict verdict;
  {
    FormulaSet formulas = FormulaSet::empty();
    formulas.set("mylib::op", flops(9));
    verdict = formulas.verdict("mylib::op");
  }
  call_of("mylib::op").with([&](const OpCall& call) { EXPECT_EQ(verdict.cost_of(call).flops, 9); });
}

TEST(FormulaSet, AnExceptionOfAFormulaReachesTheCaller) {
  FormulaSet formulas = FormulaSet::empty();
  formulas.set("mylib::op", [](const OpCall&, Cost&) { throw std::runtime_error("no such shape"); });
  EXPECT_THROW(call_of("mylib::op").cost(formulas), std::runtime_error);
}

template <typename Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing thrown";
}

TEST(FormulaSet, MalformedNamesThrow) {
  FormulaSet formulas = FormulaSet::builtin();
  for (const std::string name : {"", "add", "aten::", "::add", "aten::.Tensor", "aten::mm.", "a b::c", "a::b c", "aten::mm::x",
                                 "aten:::mm", "aten::mm.out.x", "aten.x::mm", "aten::mm.out\n"}) {
    EXPECT_THAT(message_of([&] { formulas.ignore(name); }), HasSubstr("'" + name + "' is not an operator's name; write it as"))
        << name;
    EXPECT_THAT(message_of([&] { formulas.set(name, flops(1)); }), HasSubstr("\"aten::add.Tensor\"")) << name;
  }
  EXPECT_THAT(formulas.overridden(), IsEmpty());
}

TEST(FormulaSet, NamesOfEveryKindAreTaken) {
  FormulaSet formulas = FormulaSet::empty();
  for (const std::string name :
       {"aten::__and__.Scalar", "aten::_foreach_add_.List", "aten::index.Tensor_hacked_twin", "aten::_fused_adam_.tensor_lr",
        "prim::device", "quantized::linear", "torchvision::roi_align", "_c10d_functional::all_reduce",
        "higher_order::flex_attention", "torch_compile::cpp_fused_gelu_native_layer_norm", "triton::my_kernel",
        "my-kernels::gemm<float>"}) {
    EXPECT_NO_THROW(formulas.set(name, flops(1))) << name;
    const std::size_t dot = name.find('.');
    EXPECT_TRUE(formulas.overrides(name.substr(0, dot), dot == std::string::npos ? "" : name.substr(dot + 1))) << name;
  }
}

TEST(FormulaSet, AnEmptyFormulaThrows) {
  FormulaSet formulas = FormulaSet::builtin();
  EXPECT_THAT(message_of([&] { formulas.set("aten::add", Formula()); }), HasSubstr("use ignore() to count an operator as zero"));
}

}  // namespace
}  // namespace torchtally
