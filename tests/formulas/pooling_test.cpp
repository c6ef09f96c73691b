#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

// 1*2*3*3 outputs, window 3*2: 5 maxima each.
TEST(MaxPool, WindowWithoutItsFirst) {
  for (const auto name : {"aten::max_pool2d_with_indices", "aten::mkldnn_max_pool2d"}) {
    CallBuilder call(name);
    call.tensor("self", {1, 2, 9, 6}).integers("kernel_size", {3, 2}).returns({1, 2, 3, 3}).returns({1, 2, 3, 3}, DType::kInt64);
    EXPECT_THAT(call.cost(), Costs(0, 18 * 5, 0)) << name;
  }
}

// One number for all three dimensions: 8 - 1 maxima for each of 2*2*2 outputs.
TEST(MaxPool, OneNumberForAllDimensions) {
  CallBuilder call("aten::max_pool3d_with_indices");
  call.tensor("self", {1, 1, 4, 4, 4})
      .integers("kernel_size", {2})
      .returns({1, 1, 2, 2, 2})
      .returns({1, 1, 2, 2, 2}, DType::kInt64);
  EXPECT_THAT(call.cost(), Costs(0, 56, 0));
}

// 18 gradients added where the maxima were.
TEST(MaxPool, Backward) {
  CallBuilder call("aten::max_pool2d_with_indices_backward");
  call.tensor("grad_output", {1, 2, 3, 3}).tensor("self", {1, 2, 9, 6}).integers("kernel_size", {3, 2}).returns({1, 2, 9, 6});
  EXPECT_THAT(call.cost(), Costs(0, 18, 0));
}

// 18 outputs: 4 additions, a division.
TEST(AveragePool, Forward) {
  CallBuilder call("aten::avg_pool2d");
  call.tensor("self", {1, 2, 6, 6}).integers("kernel_size", {2, 2}).returns({1, 2, 3, 3});
  EXPECT_THAT(call.cost(), Costs(0, 18 * 5, 0));
}

TEST(AveragePool, Backward) {
  CallBuilder call("aten::avg_pool2d_backward");
  call.tensor("grad_output", {1, 2, 3, 3}).tensor("self", {1, 2, 6, 6}).integers("kernel_size", {2, 2}).returns({1, 2, 6, 6});
  EXPECT_THAT(call.cost(), Costs(0, 18 * 5, 0));
}

// 72 inputs added, 2 outputs divided.
TEST(AdaptiveAveragePool, Forward) {
  CallBuilder call("aten::_adaptive_avg_pool2d");
  call.tensor("self", {1, 2, 6, 6}).integers("output_size", {1, 1}).returns({1, 2, 1, 1});
  EXPECT_THAT(call.cost(), Costs(0, 72 + 2, 0));
}

TEST(AdaptiveAveragePool, Backward) {
  CallBuilder call("aten::_adaptive_avg_pool2d_backward");
  call.tensor("grad_output", {1, 2, 1, 1}).tensor("self", {1, 2, 6, 6}).returns({1, 2, 6, 6});
  EXPECT_THAT(call.cost(), Costs(0, 72 + 2, 0));
}

// A maximum per input element.
TEST(AdaptiveMaxPool, Forward) {
  CallBuilder call("aten::adaptive_max_pool2d");
  call.tensor("self", {1, 2, 6, 6}).integers("output_size", {2, 2}).returns({1, 2, 2, 2}).returns({1, 2, 2, 2}, DType::kInt64);
  EXPECT_THAT(call.cost(), Costs(0, 72, 0));
}

// 18 outputs, window 2*2: 3 maxima each.
TEST(MaxPool, Metal) {
  CallBuilder call("aten::_mps_max_pool2d");
  call.tensor("self", {1, 2, 6, 6}).integers("kernel_size", {2, 2}).returns({1, 2, 3, 3});
  EXPECT_THAT(call.cost(), Costs(0, 18 * 3, 0));
}

// What the gradient has to be shaped like is not read: 18 floats of the gradient, and where the maxima were.
TEST(Pooling, BackwardDoesNotReadItsInput) {
  CallBuilder average("aten::avg_pool2d_backward");
  average.tensor("grad_output", {1, 2, 3, 3}).tensor("self", {1, 2, 6, 6}).integers("kernel_size", {2, 2});
  EXPECT_THAT(average.returns({1, 2, 6, 6}).cost(), Moves(72, 288));
  CallBuilder adaptive("aten::_adaptive_avg_pool2d_backward");
  adaptive.tensor("grad_output", {1, 2, 1, 1}).tensor("self", {1, 2, 6, 6}).returns({1, 2, 6, 6});
  EXPECT_THAT(adaptive.cost(), Moves(8, 288));
  CallBuilder max("aten::max_pool2d_with_indices_backward");
  max.tensor("grad_output", {1, 2, 3, 3}).tensor("self", {1, 2, 9, 6}).integers("kernel_size", {3, 2});
  max.tensor("indices", {1, 2, 3, 3}, DType::kInt64).returns({1, 2, 9, 6});
  EXPECT_THAT(max.cost(), Moves(72 + 144, 432));
}

}  // namespace
}  // namespace torchtally
