#include <gtest/gtest.h>

#include <random>
#include <string>

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

// Windows as AdaptivePooling.h has them, which overlap where the sizes do not divide.
TEST(AdaptivePools, CountEachElementOfEachWindow) {
  std::mt19937 generator(17);
  const auto draw = [&generator](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(generator);
  };
  for (int i = 0; i < 200; ++i) {
    const std::int64_t dims = draw(1, 3);
    CallBuilder::Shape in = {draw(1, 2), draw(1, 3)}, out = in;
    std::int64_t windows = in[0] * in[1];
    for (std::int64_t d = 0; d < dims; ++d) {
      const std::int64_t m = in.emplace_back(draw(1, 12));
      const std::int64_t n = out.emplace_back(draw(1, 15));
      std::int64_t elements = 0;
      for (std::int64_t o = 0; o < n; ++o) {
        for (std::int64_t j = o * m / n; j < ((o + 1) * m + n - 1) / n; ++j) ++elements;
      }
      windows *= elements;
    }
    std::int64_t outputs = 1;
    for (const auto size : out) outputs *= size;
    const std::string suffix = std::to_string(dims) + "d";
    const std::string average = "aten::adaptive_avg_pool" + suffix;
    EXPECT_THAT(CallBuilder(average).tensor("self", in).integers("output_size", {}).returns(out).cost(),
                Costs(0, windows + outputs, 0));
    const std::string max = "aten::adaptive_max_pool" + suffix;
    EXPECT_THAT(CallBuilder(max).tensor("self", in).integers("output_size", {}).returns(out).cost(),
                Costs(0, windows - outputs, 0));
    if (dims == 1) continue;
    const std::string backward = "aten::_adaptive_avg_pool" + suffix + "_backward";
    EXPECT_THAT(CallBuilder(backward).tensor("grad_output", out).tensor("self", in).returns(in).cost(),
                Costs(0, windows + outputs, 0));
  }
}

// 4 windows of 3 x 3 in 2 channels: 8 maxima each.
TEST(AdaptiveMaxPool, Forward) {
  CallBuilder call("aten::adaptive_max_pool2d");
  call.tensor("self", {1, 2, 6, 6}).integers("output_size", {2, 2}).returns({1, 2, 2, 2}).returns({1, 2, 2, 2}, DType::kInt64);
  EXPECT_THAT(call.cost(), Costs(0, 8 * 8, 0));
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
