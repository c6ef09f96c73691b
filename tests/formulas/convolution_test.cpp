// What the loop nests of convolutions (loop_nests/convolution.cpp) do not say.
#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

// An object that does not show its weight: 2 * 9 positions of 2 * 3 channels.
TEST(Convolution, PrepackedWeightThatIsHidden) {
  CallBuilder call("prepacked::conv2d_clamp_run");
  call.tensor("X", {2, 2, 4, 4}).other("W_prepack").returns({2, 3, 3, 3});
  EXPECT_THAT(call.cost(), Costs(2 * 9 * 6, 0, 0));
}

// 5 + 2 - 2 steps of 2 samples, weight 3*4*6; 60 outputs with a bias.
TEST(Convolution, TimeBatchChannels) {
  CallBuilder call("aten::conv_tbc");
  call.tensor("self", {5, 2, 4}).tensor("weight", {3, 4, 6}).tensor("bias", {6}).integer("pad", 1).returns({5, 2, 6});
  EXPECT_THAT(call.cost(), Costs(10 * 72, 60, 0));
}

TEST(Convolution, ByHand) {
  // 1 sample, 2 -> 4 channels, 3x3 on 5x5, padding 1, stride 2: 3x3 positions, weight 4*2*9 = 72: 9 * 72 = 648. Bias: 4*9 = 36.
  CallBuilder call("aten::convolution");
  call.tensor("input", {1, 2, 5, 5}).tensor("weight", {4, 2, 3, 3}).tensor("bias", {4}).integers("stride", {2, 2});
  call.integers("padding", {1, 1}).integers("dilation", {1, 1}).flag("transposed", false).returns({1, 4, 3, 3});
  EXPECT_THAT(call.cost(), Costs(648, 36, 0));
  // Input 2*25, weight 72, bias 4 floats in; 36 floats out.
  EXPECT_THAT(call.cost(), Moves((50 + 72 + 4) * 4, 36 * 4));
  EXPECT_EQ(call.cost().activations, 36);
}

// 16 -> 16 channels, 4x4 on 32x32, stride 2: once per input position, 1024 * 16*16*16; per output position it would be 4 times
// that.
TEST(Convolution, TransposedCountsInputPositions) {
  CallBuilder call("aten::convolution");
  call.tensor("input", {1, 16, 32, 32}).tensor("weight", {16, 16, 4, 4}).none("bias").integers("stride", {2, 2});
  call.integers("padding", {1, 1}).integers("dilation", {1, 1}).flag("transposed", true).integers("output_padding", {0, 0});
  call.integer("groups", 1).returns({1, 16, 64, 64});
  EXPECT_THAT(call.cost(), Costs(4194304, 0, 0));
}

// The LeNet-like network of fvcore's document: 6 filters of 3x3 on 32x32, pooled to 15x15, 16 filters of 6*3*3, pooled to 6x6,
// then linear layers 576 -> 120 -> 84 -> 10: 900 * 54, 169 * 864, and their weights.
TEST(Convolution, LeNet) {
  CallBuilder conv1("aten::convolution");
  conv1.tensor("input", {1, 1, 32, 32}).tensor("weight", {6, 1, 3, 3}).tensor("bias", {6}).returns({1, 6, 30, 30});
  EXPECT_EQ(conv1.cost().macs, 48600);
  CallBuilder conv2("aten::convolution");
  conv2.tensor("input", {1, 6, 15, 15}).tensor("weight", {16, 6, 3, 3}).tensor("bias", {16}).returns({1, 16, 13, 13});
  EXPECT_EQ(conv2.cost().macs, 146016);
  const auto linear = [](std::int64_t in, std::int64_t out) {
    CallBuilder call("aten::addmm");
    call.tensor("self", {out}).tensor("mat1", {1, in}).tensor("mat2", {in, out}).integer("beta", 1).integer("alpha", 1);
    return call.returns({1, out}).cost().macs;
  };
  EXPECT_EQ(linear(576, 120), 69120);
  EXPECT_EQ(linear(120, 84), 10080);
  EXPECT_EQ(linear(84, 10), 840);
}

// Backends' own entries, without a `transposed` argument: 2 * 9 positions * weight 3*2*4 = 24.
TEST(Convolution, BackendEntries) {
  for (const auto name : {"aten::mkldnn_convolution", "aten::cudnn_convolution", "aten::slow_conv_dilated2d"}) {
    CallBuilder call(name);
    call.tensor("self", {2, 2, 4, 4}).tensor("weight", {3, 2, 2, 2}).returns({2, 3, 3, 3});
    EXPECT_THAT(call.cost(), Costs(2 * 9 * 24, 0, 0)) << name;
  }
  // 16 input positions each, weight 2*3*2*2 = 24.
  CallBuilder transposed("aten::cudnn_convolution_transpose");
  transposed.tensor("self", {2, 2, 4, 4}).tensor("weight", {2, 3, 2, 2}).returns({2, 3, 5, 5});
  EXPECT_THAT(transposed.cost(), Costs(2 * 16 * 24, 0, 0));
}

// relu: 1 per output element; + z: 1; times alpha: 1. 54 output elements, 54 for the bias.
TEST(Convolution, FusedActivation) {
  CallBuilder relu("aten::cudnn_convolution_relu");
  relu.tensor("self", {2, 2, 4, 4}).tensor("weight", {3, 2, 2, 2}).tensor("bias", {3}).returns({2, 3, 3, 3});
  EXPECT_THAT(relu.cost(), Costs(432, 54 + 54, 0));
  CallBuilder sum("aten::cudnn_convolution_add_relu");
  sum.tensor("self", {2, 2, 4, 4}).tensor("weight", {3, 2, 2, 2}).tensor("z", {2, 3, 3, 3}).number("alpha", 2);
  sum.tensor("bias", {3}).returns({2, 3, 3, 3});
  EXPECT_THAT(sum.cost(), Costs(432, 54 + 3 * 54, 0));
}

// A complex multiply-accumulate is four real ones.
TEST(Convolution, Complex) {
  CallBuilder call("aten::convolution");
  call.tensor("input", {1, 1, 4}, DType::kComplex64).tensor("weight", {1, 1, 3}, DType::kComplex64).none("bias");
  call.returns({1, 1, 2}, DType::kComplex64);
  EXPECT_THAT(call.cost(), Costs(4 * 2 * 3, 0, 0));
}

// 2^20 samples of 2^20 x 2^20 pixels, a weight of 2^10: beyond 64 bits, so "at least 2^63 - 1".
TEST(Convolution, Saturates) {
  const std::int64_t huge = std::int64_t{1} << 20;
  CallBuilder call("aten::convolution");
  call.tensor("input", {huge, 32, huge, huge}).tensor("weight", {32, 32, 1, 1}).none("bias").returns({huge, 32, huge, huge});
  const Cost cost = call.cost();
  EXPECT_TRUE(cost.macs.saturated());
  EXPECT_TRUE(cost.flops.saturated());
  EXPECT_TRUE(cost.saturated());
}

}  // namespace
}  // namespace torchtally
