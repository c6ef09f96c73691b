#include <gtest/gtest.h>

#include <limits>

#include "call_builder.h"

namespace torchtally {
namespace {

Cost reduce(std::string_view name) {
  CallBuilder call(name);
  return call.tensor("self", {4, 6}).returns({4}).cost();
}

// 24 elements, 4 results.
TEST(Reduction, PerElementAndPerResult) {
  EXPECT_THAT(reduce("aten::sum"), Costs(0, 24, 0));
  EXPECT_THAT(reduce("aten::amax"), Costs(0, 24, 0));
  EXPECT_THAT(reduce("aten::mean"), Costs(0, 24 + 4, 0));         // and a division
  EXPECT_THAT(reduce("aten::var"), Costs(0, 24 * 4 + 4 * 2, 0));  // sum; difference, square, sum; two divisions
  EXPECT_THAT(reduce("aten::std"), Costs(0, 24 * 4 + 4 * 2, 4));  // and a sqrt
  EXPECT_THAT(reduce("aten::logsumexp"), Costs(0, 24 * 3 + 4, 24 + 4));
  EXPECT_THAT(reduce("aten::argmax"), Costs(0, 0, 0));
}

// Both results are elements of the output, but the work is per input.
TEST(Reduction, ValuesAndIndices) {
  CallBuilder call("aten::max", "dim");
  call.tensor("self", {4, 6}).integer("dim", 1).returns({4}).returns({4}, DType::kInt64);
  EXPECT_THAT(call.cost(), Costs(0, 24, 0));
  EXPECT_THAT(call.cost(), Moves(96, 16 + 32));
  EXPECT_EQ(call.cost().activations, 8);
}

Cost norm(double order) {
  CallBuilder call("aten::linalg_vector_norm");
  return call.tensor("self", {4, 6}).number("ord", order).returns({4}).cost();
}

TEST(VectorNorm, ByOrder) {
  EXPECT_THAT(norm(2), Costs(0, 48, 4));                                        // square, sum; sqrt
  EXPECT_THAT(norm(1), Costs(0, 48, 0));                                        // absolute value, sum
  EXPECT_THAT(norm(std::numeric_limits<double>::infinity()), Costs(0, 48, 0));  // absolute value, maximum
  EXPECT_THAT(norm(0), Costs(0, 24, 0));                                        // sum of truth values
  EXPECT_THAT(norm(3), Costs(0, 48, 24 + 4));                                   // absolute value, pow, sum; pow
}

// No order given is order 2; a list has one result per tensor.
TEST(VectorNorm, Lists) {
  CallBuilder call("aten::_foreach_norm");
  call.tensors("self", {{4, 6}, {3}}).none("ord").returns_list({{}, {}});
  EXPECT_THAT(call.cost(), Costs(0, 54, 2));
}

// Without the root.
TEST(PowerSum, ByOrder) {
  for (const double order : {1.0, 2.0, 3.0}) {
    CallBuilder call("aten::linalg__powsum");
    EXPECT_THAT(call.tensor("self", {4, 6}).number("ord", order).returns({4}).cost(), Costs(0, 48, order == 3 ? 24 : 0));
  }
}

// (4, 1) and (6) are 24 differences; their norm as above.
TEST(Distance, BroadcastDifference) {
  CallBuilder call("aten::dist");
  EXPECT_THAT(call.tensor("self", {4, 1}).tensor("other", {6}).integer("p", 2).returns({}).cost(), Costs(0, 24 + 48, 1));
}

Cost segment_reduce(std::string_view reduce) {
  CallBuilder call("aten::segment_reduce");
  return call.tensor("data", {10, 3}).text("reduce", reduce).tensor("lengths", {4}).returns({4, 3}).cost();
}

Cost segment_reduce_backward(std::string_view reduce) {
  CallBuilder call("aten::_segment_reduce_backward");
  call.tensor("grad", {4, 3}).tensor("output", {4, 3}).tensor("data", {10, 3}).text("reduce", reduce);
  return call.tensor("lengths", {4}).returns({10, 3}).cost();
}

// 30 elements, 12 results.
TEST(SegmentReduce, ByReduction) {
  EXPECT_THAT(segment_reduce("max"), Costs(0, 30, 0));
  EXPECT_THAT(segment_reduce("mean"), Costs(0, 30 + 12, 0));
  EXPECT_THAT(segment_reduce_backward("sum"), Costs(0, 0, 0));
  EXPECT_THAT(segment_reduce_backward("mean"), Costs(0, 12, 0));
  EXPECT_THAT(segment_reduce_backward("prod"), Costs(0, 12 + 30, 0));
}

// Per element of the gradient, which has half of the elements of the others.
TEST(PerSecondInput, GluBackwardJvp) {
  CallBuilder call("aten::glu_backward_jvp");
  call.tensor("grad_x", {4, 6}).tensor("grad_glu", {4, 3}).tensor("x", {4, 6}).tensor("dgrad_glu", {4, 3}).tensor("dx", {4, 6});
  EXPECT_THAT(call.integer("dim", 1).returns({4, 6}).cost(), Costs(0, 12 * 14, 12));
}

// The diagonal of 4 x 6 has 4 elements.
TEST(Trace, Diagonal) {
  CallBuilder call("aten::trace");
  call.tensor("self", {4, 6}).returns({});
  EXPECT_THAT(call.cost(), Costs(0, 4, 0));
  EXPECT_THAT(call.cost(), Moves(16, 4));
}

// 8 complex points: 5 * 8 * 3. Two dimensions of 8 and 4: 5 * 32 * (3 + 2).
TEST(Fft, Complex) {
  CallBuilder line("aten::_fft_c2c");
  line.tensor("self", {8}, DType::kComplex64).integers("dim", {0}).returns({8}, DType::kComplex64);
  EXPECT_THAT(line.cost(), Costs(0, 120, 0));
  CallBuilder plane("aten::_fft_c2c");
  plane.tensor("self", {8, 4}, DType::kComplex64).integers("dim", {0, 1}).returns({8, 4}, DType::kComplex64);
  EXPECT_THAT(plane.cost(), Costs(0, 800, 0));
}

// One real side of 8 points, 5 complex ones on the other: half of 120.
TEST(Fft, Real) {
  CallBuilder forward("aten::_fft_r2c");
  forward.tensor("self", {8}).integers("dim", {0}).returns({5}, DType::kComplex64);
  EXPECT_THAT(forward.cost(), Costs(0, 60, 0));
  CallBuilder back("aten::_fft_c2r");
  back.tensor("self", {5}, DType::kComplex64).integers("dim", {0}).returns({8});
  EXPECT_THAT(back.cost(), Costs(0, 60, 0));
}

}  // namespace
}  // namespace torchtally
