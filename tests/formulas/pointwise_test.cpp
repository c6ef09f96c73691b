#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

Cost unary(std::string_view name) {
  CallBuilder call(name);
  return call.tensor("self", {2, 5}).returns({2, 5}).cost();
}

// 10 elements.
TEST(Pointwise, PerElement) {
  EXPECT_THAT(unary("aten::relu"), Costs(0, 10, 0));
  EXPECT_THAT(unary("aten::neg"), Costs(0, 10, 0));
  EXPECT_THAT(unary("aten::exp"), Costs(0, 0, 10));
  EXPECT_THAT(unary("aten::sigmoid"), Costs(0, 0, 10));
  EXPECT_THAT(unary("aten::silu"), Costs(0, 10, 10));      // x sigmoid(x)
  EXPECT_THAT(unary("aten::hardswish"), Costs(0, 50, 0));  // + 3, max, min, times x, / 6
  EXPECT_THAT(unary("aten::hardtanh"), Costs(0, 20, 0));   // min, max
  EXPECT_THAT(unary("aten::_softmax"), Costs(0, 40, 10));  // max, minus, exp, sum, division
  EXPECT_THAT(unary("aten::eq"), Costs(0, 0, 0));
}

// 2 x 5 elements from a row and a column: what is read is 5 and 2 floats.
TEST(Pointwise, Broadcast) {
  CallBuilder call("aten::mul", "Tensor");
  call.tensor("self", {1, 5}).tensor("other", {2, 1}).returns({2, 5});
  EXPECT_THAT(call.cost(), Costs(0, 10, 0));
  EXPECT_THAT(call.cost(), Moves(28, 40));
}

// An expanded operand is read once.
TEST(Pointwise, ExpandedOperand) {
  CallBuilder call("aten::mul", "Tensor");
  call.tensor("self", {2, 5}).strided("other", {2, 5}, {0, 1}).returns({2, 5});
  EXPECT_THAT(call.cost(), Moves((10 + 5) * 4, 40));
}

// In place: self is read once and written once.
TEST(Pointwise, InPlace) {
  CallBuilder call("aten::mul_", "Tensor");
  call.mutated("self", {2, 5}).tensor("other", {2, 5}).returns({2, 5});
  EXPECT_THAT(call.cost(), Costs(0, 10, 0));
  EXPECT_THAT(call.cost(), Moves(80, 40));
}

// out= is written, not read.
TEST(Pointwise, OutArgument) {
  CallBuilder call("aten::mul", "out");
  call.tensor("self", {2, 5}).tensor("other", {2, 5}).out("out", {2, 5}).returns({2, 5});
  EXPECT_THAT(call.cost(), Moves(80, 40));
}

// self + alpha * other: a product more unless alpha is 1.
TEST(Pointwise, AddAlpha) {
  const auto cost = [](double alpha) {
    CallBuilder call("aten::add", "Tensor");
    return call.tensor("self", {2, 5}).tensor("other", {2, 5}).number("alpha", alpha).returns({2, 5}).cost();
  };
  EXPECT_THAT(cost(1), Costs(0, 10, 0));
  EXPECT_THAT(cost(-0.1), Costs(0, 20, 0));
}

// 7 elements in two tensors, nothing returned: the mutated list is the output.
TEST(Pointwise, ForeachInPlace) {
  CallBuilder list("aten::_foreach_add_", "List");
  list.mutated_tensors("self", {{4}, {3}}).tensors("other", {{4}, {3}}).number("alpha", 2);
  EXPECT_THAT(list.cost(), Costs(0, 14, 0));
  EXPECT_THAT(list.cost(), Moves(56, 28));
  CallBuilder scalar("aten::_foreach_add_", "Scalar");
  scalar.mutated_tensors("self", {{4}, {3}}).number("scalar", 2);
  EXPECT_THAT(scalar.cost(), Costs(0, 7, 0));
}

// self + value * a / b: product or division, addition; value unless it is 1. Scalars in a list are all taken to be others.
TEST(Pointwise, ScaledAddition) {
  const auto cost = [](double value) {
    CallBuilder call("aten::addcdiv");
    call.tensor("self", {10}).tensor("tensor1", {10}).tensor("tensor2", {10}).number("value", value);
    return call.returns({10}).cost();
  };
  EXPECT_THAT(cost(1), Costs(0, 20, 0));
  EXPECT_THAT(cost(-0.1), Costs(0, 30, 0));
  CallBuilder list("aten::_foreach_addcmul_", "ScalarList");
  list.mutated_tensors("self", {{10}}).tensors("tensor1", {{10}}).tensors("tensor2", {{10}}).other("scalars");
  EXPECT_THAT(list.cost(), Costs(0, 30, 0));
}

// 10 elements; to two decimals: times 100, rounded, divided by 100.
TEST(Pointwise, RoundingToDecimals) {
  CallBuilder whole("aten::round");
  EXPECT_THAT(whole.tensor("self", {10}).returns({10}).cost(), Costs(0, 10, 0));
  CallBuilder decimals("aten::round", "decimals");
  EXPECT_THAT(decimals.tensor("self", {10}).integer("decimals", 2).returns({10}).cost(), Costs(0, 30, 0));
}

TEST(Pointwise, DivisionWithRounding) {
  CallBuilder plain("aten::div", "Tensor");
  EXPECT_THAT(plain.tensor("self", {10}).tensor("other", {10}).returns({10}).cost(), Costs(0, 10, 0));
  CallBuilder floor("aten::div", "Tensor_mode");
  floor.tensor("self", {10}).tensor("other", {10}).text("rounding_mode", "floor").returns({10});
  EXPECT_THAT(floor.cost(), Costs(0, 20, 0));
}

// A maximum for the lower bound, a minimum for the upper.
TEST(Pointwise, Clamp) {
  CallBuilder both("aten::clamp");
  EXPECT_THAT(both.tensor("self", {10}).number("min", 0).number("max", 1).returns({10}).cost(), Costs(0, 20, 0));
  CallBuilder lower("aten::clamp");
  EXPECT_THAT(lower.tensor("self", {10}).number("min", 0).none("max").returns({10}).cost(), Costs(0, 10, 0));
}

TEST(Pointwise, Gelu) {
  const auto cost = [](std::string_view name, std::string_view approximate) {
    CallBuilder call(name);
    return call.tensor("self", {10}).text("approximate", approximate).returns({10}).cost();
  };
  EXPECT_THAT(cost("aten::gelu", "none"), Costs(0, 40, 10));
  EXPECT_THAT(cost("aten::gelu", "tanh"), Costs(0, 80, 10));
  EXPECT_THAT(cost("aten::gelu_backward", "none"), Costs(0, 90, 20));
  EXPECT_THAT(cost("aten::gelu_backward", "tanh"), Costs(0, 170, 10));
}

// 12 elements in 3 rows of 4: maximum, minus, exp, sum, minus the log; a log per row.
TEST(Pointwise, LogSoftmax) {
  CallBuilder call("aten::_log_softmax");
  call.tensor("self", {3, 4}).integer("dim", -1).flag("half_to_float", false).returns({3, 4});
  EXPECT_THAT(call.cost(), Costs(0, 48, 12 + 3));
}

TEST(Pointwise, EluBackward) {
  const auto cost = [](bool is_result) {
    CallBuilder call("aten::elu_backward");
    return call.tensor("grad_output", {10}).flag("is_result", is_result).returns({10}).cost();
  };
  EXPECT_THAT(cost(true), Costs(0, 30, 0));
  EXPECT_THAT(cost(false), Costs(0, 40, 10));
}

// log(x / (1 - x)): difference, division, log; the clamp adds a minimum and a maximum.
TEST(Pointwise, Logit) {
  CallBuilder plain("aten::logit");
  EXPECT_THAT(plain.tensor("self", {10}).none("eps").returns({10}).cost(), Costs(0, 20, 10));
  CallBuilder clamped("aten::logit");
  EXPECT_THAT(clamped.tensor("self", {10}).number("eps", 1e-6).returns({10}).cost(), Costs(0, 40, 10));
}

// Half as many outputs as inputs: a sigmoid and a product for each. Backward: 4 and a sigmoid per gradient.
TEST(Pointwise, Glu) {
  CallBuilder forward("aten::glu");
  EXPECT_THAT(forward.tensor("self", {2, 6}).integer("dim", 1).returns({2, 3}).cost(), Costs(0, 6, 6));
  CallBuilder backward("aten::glu_backward");
  EXPECT_THAT(backward.tensor("grad_output", {2, 3}).tensor("self", {2, 6}).returns({2, 6}).cost(), Costs(0, 24, 6));
}

TEST(Pointwise, AnEmptyTensorCostsNothing) {
  CallBuilder call("aten::exp");
  call.tensor("self", {0, 5}).returns({0, 5});
  EXPECT_THAT(call.cost(), Costs(0, 0, 0));
  EXPECT_THAT(call.cost(), Moves(0, 0));
  EXPECT_EQ(call.cost().calls, 1);
}

// 7 stored elements of 100: maximum, minus, exp, sum, division. The log of the sum: one for each of at most 7 rows.
TEST(Sparse, Softmax) {
  CallBuilder softmax("aten::_sparse_softmax");
  softmax.sparse("self", {10, 10}, 7, Layout::kSparseCoo).integer("dim", 1).flag("half_to_float", false).returns({10, 10});
  EXPECT_THAT(softmax.cost(), Costs(0, 28, 7));
  CallBuilder log_softmax("aten::_sparse_log_softmax");
  log_softmax.sparse("self", {10, 10}, 7, Layout::kSparseCoo).integer("dim", 1).flag("half_to_float", false).returns({10, 10});
  EXPECT_THAT(log_softmax.cost(), Costs(0, 28, 7 + 7));
}

TEST(Sparse, Sum) {
  CallBuilder call("aten::_sparse_sum", "dim");
  EXPECT_THAT(call.sparse("self", {10, 10}, 7, Layout::kSparseCoo).integers("dim", {1}).returns({10}).cost(), Costs(0, 7, 0));
}

// 10 complex elements, in real operations.
Cost complex_unary(std::string_view name, DType result = DType::kComplex64) {
  CallBuilder call(name);
  return call.tensor("self", {10}, DType::kComplex64).returns({10}, result).cost();
}

TEST(Complex, Unary) {
  EXPECT_THAT(complex_unary("aten::neg"), Costs(0, 20, 0));                     // both parts
  EXPECT_THAT(complex_unary("aten::conj_physical"), Costs(0, 10, 0));           // the imaginary part
  EXPECT_THAT(complex_unary("aten::exp"), Costs(0, 0, 20));                     // a transcendental is two
  EXPECT_THAT(complex_unary("aten::abs", DType::kFloat32), Costs(0, 30, 10));   // 2 squares, an addition; sqrt
  EXPECT_THAT(complex_unary("aten::sgn"), Costs(0, 50, 10));                    // that, and x by a real number
  EXPECT_THAT(complex_unary("aten::angle", DType::kFloat32), Costs(0, 0, 10));  // atan2
  EXPECT_THAT(complex_unary("aten::reciprocal"), Costs(0, 60, 0));              // conj(x) / |x|^2: 3, 2 divisions, a sign
  EXPECT_THAT(complex_unary("aten::sum"), Costs(0, 20, 0));
  EXPECT_THAT(complex_unary("aten::cumprod"), Costs(0, 60, 0));
  EXPECT_THAT(complex_unary("aten::count_nonzero", DType::kInt64), Costs(0, 10, 0));  // integers are added
}

Cost binary(std::string_view name, DType self, DType other) {
  CallBuilder call(name, "Tensor");
  return call.tensor("self", {10}, self).tensor("other", {10}, other).returns({10}, DType::kComplex64).cost();
}

// Sum: 2. Product: 4 products, 2 additions; by a real one 2. Quotient: 6 products, 3 additions, 2 divisions; by a real one 2.
TEST(Complex, Binary) {
  const DType real = DType::kFloat32;
  const DType complex = DType::kComplex64;
  EXPECT_THAT(binary("aten::add", complex, complex), Costs(0, 20, 0));
  EXPECT_THAT(binary("aten::mul", complex, complex), Costs(0, 60, 0));
  EXPECT_THAT(binary("aten::mul", complex, real), Costs(0, 20, 0));
  EXPECT_THAT(binary("aten::mul", real, complex), Costs(0, 20, 0));
  EXPECT_THAT(binary("aten::div", complex, complex), Costs(0, 110, 0));
  EXPECT_THAT(binary("aten::div", complex, real), Costs(0, 20, 0));
}

// By a real number 2, by a complex one (an argument of another kind) 6.
TEST(Complex, ByANumber) {
  CallBuilder real("aten::mul", "Scalar");
  EXPECT_THAT(real.tensor("self", {10}, DType::kComplex64).number("other", 2).returns({10}, DType::kComplex64).cost(),
              Costs(0, 20, 0));
  CallBuilder other("aten::mul", "Scalar");
  EXPECT_THAT(other.tensor("self", {10}, DType::kComplex64).other("other").returns({10}, DType::kComplex64).cost(),
              Costs(0, 60, 0));
}

// An in-place operator on a list returns nothing.
TEST(Complex, Lists) {
  CallBuilder call("aten::_foreach_mul_", "Scalar");
  call.mutated_tensors("self", {{4}, {6}}, DType::kComplex64).number("scalar", 2);
  EXPECT_THAT(call.cost(), Costs(0, 20, 0));
}

// self + value * a * b: a product, an addition; value takes 2. A quotient instead: 11.
TEST(Complex, ScaledAddition) {
  const auto cost = [](std::string_view name, double value) {
    CallBuilder call(name);
    call.tensor("self", {10}, DType::kComplex64).tensor("tensor1", {10}, DType::kComplex64);
    call.tensor("tensor2", {10}, DType::kComplex64).number("value", value);
    return call.returns({10}, DType::kComplex64).cost();
  };
  EXPECT_THAT(cost("aten::addcmul", 1), Costs(0, 80, 0));
  EXPECT_THAT(cost("aten::addcmul", 2), Costs(0, 100, 0));
  EXPECT_THAT(cost("aten::addcdiv", 1), Costs(0, 130, 0));
}

// a + w (b - a): difference and addition 4, the product 6, with a real weight 2.
TEST(Complex, Lerp) {
  CallBuilder tensor("aten::lerp", "Tensor");
  tensor.tensor("self", {10}, DType::kComplex64).tensor("end", {10}, DType::kComplex64);
  EXPECT_THAT(tensor.tensor("weight", {10}, DType::kComplex64).returns({10}, DType::kComplex64).cost(), Costs(0, 100, 0));
  CallBuilder number("aten::lerp", "Scalar");
  number.tensor("self", {10}, DType::kComplex64).tensor("end", {10}, DType::kComplex64).number("weight", 0.5);
  EXPECT_THAT(number.returns({10}, DType::kComplex64).cost(), Costs(0, 60, 0));
}

// Real and imaginary part: sum; difference, square, sum, each. Per result two divisions each, and one addition of both.
TEST(Complex, Variance) {
  CallBuilder call("aten::var", "correction");
  EXPECT_THAT(call.tensor("self", {4, 6}, DType::kComplex64).returns({4}).cost(), Costs(0, 24 * 8 + 4 * 5, 0));
}

Cost power(double exponent, DType dtype = DType::kFloat32) {
  CallBuilder call("aten::pow", "Tensor_Scalar");
  return call.tensor("self", {10}, dtype).number("exponent", exponent).returns({10}, dtype).cost();
}

TEST(Pointwise, PowerByExponent) {
  EXPECT_THAT(power(1), Costs(0, 0, 0));
  EXPECT_THAT(power(2), Costs(0, 10, 0));
  EXPECT_THAT(power(3), Costs(0, 20, 0));
  EXPECT_THAT(power(-1), Costs(0, 10, 0));
  EXPECT_THAT(power(-2), Costs(0, 20, 0));
  EXPECT_THAT(power(0.5), Costs(0, 0, 10));
  EXPECT_THAT(power(2, DType::kComplex64), Costs(0, 60, 0));
  EXPECT_THAT(power(2.5, DType::kComplex64), Costs(0, 0, 20));
  CallBuilder tensor("aten::pow", "Tensor_Tensor");
  EXPECT_THAT(tensor.tensor("self", {10}).tensor("exponent", {10}).returns({10}).cost(), Costs(0, 0, 10));
}

}  // namespace
}  // namespace torchtally
