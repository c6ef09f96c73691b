// Formula sets at work: set, override, ignore; operators of one's own; composites that become leaves.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/add.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/relu.h>
#include <gmock/gmock.h>
#include <torch/library.h>

#include <string>

#include "support.h"
#include "torchtally/formula.h"

namespace torchtally::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// A leaf of its own, whose kernel runs two products.
at::Tensor two_products(const at::Tensor& a, const at::Tensor& b) { return at::add(at::mm(a, b), at::mm(a, b)); }
// Composite: a product and an addition.
at::Tensor affine(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) { return at::add(at::mm(x, w), b); }

TORCH_LIBRARY(tt_formulas, library) {
  library.def("two_products(Tensor a, Tensor b) -> Tensor");
  library.impl("two_products", c10::DispatchKey::CPU, TORCH_FN(two_products));
  library.def("affine(Tensor x, Tensor w, Tensor b) -> Tensor", TORCH_FN(affine));
}

template <typename... Tensors>
at::Tensor call(const char* name, const Tensors&... tensors) {
  const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(name, "");
  torch::jit::Stack stack = {tensors...};
  op.callBoxed(&stack);
  return stack.at(0).toTensor();
}

FormulaSet with_macs(const char* op, std::int64_t n) {
  auto formulas = FormulaSet::builtin();
  formulas.set(op, [n](const OpCall&, Cost& cost) { cost.add_macs(n); });
  return formulas;
}

class Formulas : public ::testing::Test {
 protected:
  at::Tensor a = at::ones({2, 3});
  at::Tensor b = at::ones({3, 4});
};

TEST_F(Formulas, OverrideABuiltInOne) {
  CountingGuard guard(with_macs("aten::mm", 100));
  product();
  EXPECT_EQ(macs(guard), 100);
}

TEST_F(Formulas, BelongToOneGuard) {
  {
    CountingGuard guard(with_macs("aten::mm", 100));
    product();
  }
  CountingGuard guard;
  product();
  EXPECT_EQ(macs(guard), kProductMacs);
}

TEST_F(Formulas, AGuardKeepsItsOwnCopy) {
  auto formulas = with_macs("aten::mm", 100);
  CountingGuard guard(formulas);
  formulas.set("aten::mm", [](const OpCall&, Cost& cost) { cost.add_macs(1); });
  product();
  EXPECT_EQ(macs(guard), 100);
}

TEST_F(Formulas, SeeTheCall) {
  std::string seen;
  auto formulas = FormulaSet::builtin();
  formulas.set("aten::add", [&seen](const OpCall& call, Cost& cost) {
    seen = std::string(call.name()) + "." + std::string(call.overload()) + " " + std::to_string(call.tensor("self").size(0)) +
           " " + std::to_string(call.tensor("other").size(-1)) + " " + std::to_string(call.argument("alpha").to_int()) + " " +
           std::to_string(call.output().numel()) + " " + std::to_string(cost.activations);
    cost.flops += 1;
  });
  CountingGuard guard(formulas);
  at::add(at::ones({5, 7}), at::ones({7}), 2);
  EXPECT_EQ(seen, "aten::add.Tensor 5 7 2 35 35");
  EXPECT_EQ(guard.tally().total().flops, 1);
}

TEST_F(Formulas, OneNameServesInPlaceAndOut) {
  at::Tensor x = at::ones({2});
  at::Tensor out = at::ones({2});
  auto formulas = FormulaSet::builtin();
  formulas.set("aten::relu", [](const OpCall&, Cost& cost) { cost.flops += 10; });
  CountingGuard guard(formulas);
  at::relu(x);
  at::relu_(x);
  at::relu_out(out, x);
  EXPECT_EQ(guard.tally().total().flops, 30);
}

TEST_F(Formulas, AnOverloadsOwnWins) {
  auto formulas = with_macs("aten::add", 1);
  formulas.set("aten::add.out", [](const OpCall&, Cost& cost) { cost.add_macs(10); });
  at::Tensor out = at::ones({2, 3});
  CountingGuard guard(formulas);
  at::add(a, a);
  EXPECT_EQ(macs(guard), 1);
  at::add_out(out, a, a);
  EXPECT_EQ(macs(guard), 11);
}

TEST_F(Formulas, IgnoreCountsNothingButTheCall) {
  auto formulas = FormulaSet::builtin();
  formulas.ignore("aten::mm");
  CountingGuard guard(formulas);
  at::mm(a, b);
  const Tally tally = guard.tally();
  Cost only_the_call;
  only_the_call.calls = 1;
  EXPECT_EQ(tally.by_operator().at("aten::mm"), only_the_call);
  EXPECT_THAT(tally.zero_operators(), ElementsAre(Pair("aten::mm", ZeroReason::kIgnored)));
}

TEST_F(Formulas, AnUnknownLeafIsReportedAndItsInsideIsCounted) {
  CountingGuard guard;
  call("tt_formulas::two_products", a, b);
  call("tt_formulas::two_products", a, b);
  const Tally tally = guard.tally();
  EXPECT_THAT(tally.unknown_operators(), ElementsAre(Pair("tt_formulas::two_products", 2)));
  EXPECT_EQ(tally.by_operator().at("aten::mm").calls, 4);
  EXPECT_EQ(tally.total().macs, 4 * kProductMacs);
}

TEST_F(Formulas, AFormulaForALeafOfOnesOwn) {
  auto formulas = FormulaSet::builtin();
  formulas.set("tt_formulas::two_products",
               [](const OpCall& call, Cost& cost) { cost.add_macs(2 * call.tensor("a").numel() * call.tensor("b").size(1)); });
  CountingGuard guard(formulas);
  call("tt_formulas::two_products", a, b);
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.total().macs, 2 * kProductMacs);
  EXPECT_EQ(calls_of(tally, "aten::mm"), 0);  // not twice
  EXPECT_TRUE(tally.unknown_operators().empty());
}

TEST_F(Formulas, ACompositeOfOnesOwnDecomposes) {
  const at::Tensor bias = at::ones({4});
  CountingGuard guard;
  call("tt_formulas::affine", a, b, bias);
  const Tally tally = guard.tally();
  EXPECT_EQ(calls_of(tally, "tt_formulas::affine"), 0);
  EXPECT_EQ(calls_of(tally, "aten::mm"), 1);
  EXPECT_EQ(cost_of(tally, "aten::add").flops, 8);
  EXPECT_EQ(tally.total().macs, kProductMacs);
  EXPECT_TRUE(tally.unknown_operators().empty());
}

TEST_F(Formulas, MakeACompositeOfOnesOwnALeaf) {
  const at::Tensor bias = at::ones({4});
  CountingGuard guard(with_macs("tt_formulas::affine", 77));
  call("tt_formulas::affine", a, b, bias);
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.total().macs, 77);
  EXPECT_EQ(calls_of(tally, "tt_formulas::affine"), 1);
  EXPECT_EQ(calls_of(tally, "aten::mm"), 0);
}

TEST_F(Formulas, MakeLinearALeafForThisGuardOnly) {
  const at::Tensor weight = at::ones({4, 3});
  {
    CountingGuard guard(with_macs("aten::linear", 77));
    at::linear(a, weight);
    EXPECT_EQ(macs(guard), 77);
    EXPECT_EQ(guard.tally().by_operator().size(), 1u);
  }
  CountingGuard guard;
  at::linear(a, weight);
  EXPECT_EQ(macs(guard), 24);  // 2·4·3
  EXPECT_EQ(calls_of(guard.tally(), "aten::linear"), 0);
}

TEST_F(Formulas, MakeMatmulALeaf) {
  CountingGuard guard(with_macs("aten::matmul", 77));
  at::matmul(at::ones({5, 2, 3}), b);
  EXPECT_EQ(macs(guard), 77);
  EXPECT_EQ(calls_of(guard.tally(), "aten::mm"), 0);
}

TEST_F(Formulas, MakeConvolutionsALeafUnderGradients) {
  const at::Tensor image = at::ones({1, 1, 5, 5}).requires_grad_();
  const at::Tensor kernel = at::ones({2, 1, 3, 3}).requires_grad_();
  CountingGuard guard(with_macs("aten::conv2d", 77));
  const at::Tensor y = at::conv2d(image, kernel);
  EXPECT_EQ(macs(guard), 77);
  EXPECT_EQ(calls_of(guard.tally(), "aten::convolution"), 0);
  ASSERT_TRUE(y.requires_grad());
  y.sum().backward();
  // The backward is the leaf's own: 2·3·3 outputs of 9 products each, for the image and for the kernel.
  EXPECT_EQ(guard.tally().by_operator().at("aten::convolution_backward").macs, 2 * 162);
}

TEST_F(Formulas, IgnoringACompositeIgnoresItsParts) {
  const at::Tensor weight = at::ones({4, 3});
  auto formulas = FormulaSet::builtin();
  formulas.ignore("aten::linear");
  CountingGuard guard(formulas);
  at::linear(a, weight);
  EXPECT_EQ(macs(guard), 0);
  EXPECT_EQ(calls_of(guard.tally(), "aten::linear"), 1);
}

TEST_F(Formulas, AnEmptySetKnowsNothing) {
  CountingGuard guard(FormulaSet::empty());
  at::mm(a, b);
  const Tally tally = guard.tally();
  EXPECT_THAT(tally.unknown_operators(), ElementsAre(Pair("aten::mm", 1)));
  EXPECT_EQ(tally.total().macs, 0);
}

TEST_F(Formulas, AnOverflowSaturatesAndIsSaid) {
  CountingGuard guard(with_macs("aten::mm", Count::kMax - 10));
  at::mm(a, b);
  EXPECT_FALSE(guard.tally().total().macs.saturated());
  EXPECT_TRUE(guard.tally().total().flops.saturated());  // twice as many
  at::mm(a, b);
  const Tally tally = guard.tally();
  EXPECT_TRUE(tally.saturated());
  EXPECT_EQ(tally.total().macs, Count::kMax);
}

TEST_F(Formulas, AnOperatorRegisteredAfterTheFirstGuard) {
  CountingGuard guard(with_macs("tt_late::leaf", 5));
  product();
  torch::Library library(torch::Library::DEF, "tt_late", c10::nullopt, __FILE__, __LINE__);
  library.def("leaf(Tensor a, Tensor b) -> Tensor");
  library.impl("leaf", torch::dispatch(c10::DispatchKey::CPU, TORCH_FN(two_products)));
  library.def("affine(Tensor x, Tensor w, Tensor b) -> Tensor", TORCH_FN(affine));
  call("tt_late::leaf", a, b);
  call("tt_late::affine", a, b, at::ones({4}));
  const Tally tally = guard.tally();
  EXPECT_EQ(calls_of(tally, "tt_late::leaf"), 1);
  EXPECT_EQ(calls_of(tally, "tt_late::affine"), 0);
  EXPECT_EQ(tally.total().macs, kProductMacs + 5 + kProductMacs);
}

}  // namespace
}  // namespace torchtally::testing
