// Convolutions against loop nests that count each multiply-add.
#include <gtest/gtest.h>

#include <random>

#include "call_builder.h"

namespace torchtally {
namespace {

using Shape = CallBuilder::Shape;

// Calls `visit` with every index below `sizes`.
template <typename Visit>
void for_each_index(const Shape& sizes, Visit visit) {
  for (const auto size : sizes) {
    if (size == 0) return;
  }
  Shape index(sizes.size(), 0);
  while (true) {
    visit(index);
    std::size_t d = sizes.size();
    while (d-- > 0) {
      if (++index[d] < sizes[d]) break;
      index[d] = 0;
      if (d == 0) return;
    }
    if (sizes.empty()) return;
  }
}

struct Convolution {
  std::int64_t samples = 1, in = 1, out = 1, groups = 1;
  Shape size, kernel, stride, padding, dilation, output_padding;
  bool transposed = false;
  bool bias = false;

  std::size_t dims() const { return size.size(); }

  Shape output_size() const {
    Shape sizes;
    for (std::size_t d = 0; d < dims(); ++d) {
      const std::int64_t reach = dilation[d] * (kernel[d] - 1);
      sizes.push_back(transposed ? (size[d] - 1) * stride[d] - 2 * padding[d] + reach + output_padding[d] + 1
                                 : (size[d] + 2 * padding[d] - reach - 1) / stride[d] + 1);
    }
    return sizes;
  }

  static Shape with_channels(std::int64_t n, std::int64_t c, const Shape& spatial) {
    Shape sizes{n, c};
    sizes.insert(sizes.end(), spatial.begin(), spatial.end());
    return sizes;
  }
  Shape input() const { return with_channels(samples, in, size); }
  Shape output() const { return with_channels(samples, out, output_size()); }
  Shape weight() const { return transposed ? with_channels(in, out / groups, kernel) : with_channels(out, in / groups, kernel); }

  // The loop nest: output positions gather over the kernel's taps, padding included; transposed, input positions scatter.
  std::int64_t multiply_adds() const {
    std::int64_t count = 0;
    const Shape swept = transposed ? size : output_size();
    const Shape other = transposed ? output_size() : size;
    for (std::int64_t n = 0; n < samples; ++n) {
      for (std::int64_t g = 0; g < groups; ++g) {
        for (std::int64_t o = 0; o < out / groups; ++o) {
          for (std::int64_t i = 0; i < in / groups; ++i) {
            for_each_index(swept, [&](const Shape& position) {
              for_each_index(kernel, [&](const Shape& tap) {
                for (std::size_t d = 0; d < dims(); ++d) {
                  const std::int64_t reached = position[d] * stride[d] - padding[d] + dilation[d] * tap[d];
                  ASSERT_GE(reached, -padding[d]);
                  ASSERT_LT(reached, other[d] + padding[d]);
                }
                ++count;
              });
            });
          }
        }
      }
    }
    return count;
  }

  std::int64_t output_elements() const {
    std::int64_t count = 0;
    for_each_index(output(), [&](const Shape&) { ++count; });
    return count;
  }

  CallBuilder& add_geometry(CallBuilder& call) const {
    return call.integers("stride", stride)
        .integers("padding", padding)
        .integers("dilation", dilation)
        .flag("transposed", transposed)
        .integers("output_padding", output_padding)
        .integer("groups", groups);
  }

  Cost forward(std::string_view name = "aten::convolution") const {
    CallBuilder call(name);
    call.tensor("input", input()).tensor("weight", weight());
    bias ? call.tensor("bias", {out}) : call.none("bias");
    add_geometry(call).returns(output());
    return call.cost();
  }

  Cost backward(bool grad_input, bool grad_weight, bool grad_bias) const {
    CallBuilder call("aten::convolution_backward");
    call.tensor("grad_output", output()).tensor("input", input()).tensor("weight", weight()).integers("bias_sizes", {out});
    add_geometry(call).flags("output_mask", {grad_input, grad_weight, grad_bias});
    call.returns(input()).returns(weight()).returns({out});
    return call.cost();
  }
};

class RandomConvolution : public testing::TestWithParam<int> {
 protected:
  Convolution draw() {
    std::mt19937 generator(20240 + GetParam());
    const auto pick = [&generator](int low, int high) {
      return std::uniform_int_distribution<std::int64_t>(low, high)(generator);
    };
    Convolution conv;
    conv.samples = pick(1, 2);
    conv.groups = pick(1, 3);
    conv.in = conv.groups * pick(1, 2);
    conv.out = conv.groups * pick(1, 3);
    conv.transposed = pick(0, 1) == 1;
    conv.bias = pick(0, 1) == 1;
    const std::int64_t dims = 1 + GetParam() % 3;
    for (std::int64_t d = 0; d < dims; ++d) {
      conv.kernel.push_back(pick(1, 3));
      conv.stride.push_back(pick(1, 3));
      conv.dilation.push_back(pick(1, 2));
      conv.padding.push_back(pick(0, (conv.kernel.back() - 1) * conv.dilation.back() / 2));
      conv.output_padding.push_back(conv.transposed ? pick(0, conv.stride.back() - 1) : 0);
      conv.size.push_back(pick(5, 7));
    }
    return conv;
  }
};

TEST_P(RandomConvolution, ForwardCountsEachMultiplyAdd) {
  const Convolution conv = draw();
  const std::int64_t bias_additions = conv.bias ? conv.output_elements() : 0;
  EXPECT_THAT(conv.forward(), Costs(conv.multiply_adds(), bias_additions, 0));
  EXPECT_THAT(conv.forward("aten::_convolution"), Costs(conv.multiply_adds(), bias_additions, 0));
}

TEST_P(RandomConvolution, BackwardCountsEachGradientThatIsAskedFor) {
  const Convolution conv = draw();
  const std::int64_t once = conv.multiply_adds();
  EXPECT_THAT(conv.backward(true, true, true), Costs(2 * once, conv.output_elements(), 0));
  EXPECT_THAT(conv.backward(true, false, false), Costs(once, 0, 0));
  EXPECT_THAT(conv.backward(false, true, false), Costs(once, 0, 0));
  EXPECT_THAT(conv.backward(false, false, true), Costs(0, conv.output_elements(), 0));
}

// MPS's entries: the input first, and no bias gradient where the convolution is transposed.
TEST_P(RandomConvolution, MpsBackward) {
  const Convolution conv = draw();
  const auto cost = [&](const std::vector<bool>& mask) {
    CallBuilder call(conv.transposed ? "aten::mps_convolution_transpose_backward" : "aten::mps_convolution_backward");
    call.tensor("self", conv.input()).tensor("grad_output", conv.output()).tensor("weight", conv.weight());
    return call.integer("groups", conv.groups).flags("output_mask", mask).cost();
  };
  const std::int64_t once = conv.multiply_adds();
  if (conv.transposed) {
    EXPECT_THAT(cost({true, true}), Costs(2 * once, 0, 0));
    EXPECT_THAT(cost({false, true}), Costs(once, 0, 0));
  } else {
    EXPECT_THAT(cost({true, true, true}), Costs(2 * once, conv.output_elements(), 0));
    EXPECT_THAT(cost({false, true, false}), Costs(once, 0, 0));
  }
}

// oneDNN's entries, each followed by what its names say: bias, the other operand, a sigmoid.
TEST_P(RandomConvolution, PointwiseAfterwards) {
  const Convolution conv = draw();
  const std::int64_t outputs = conv.output_elements();
  CallBuilder unary(conv.transposed ? "mkldnn::_convolution_transpose_pointwise" : "mkldnn::_convolution_pointwise");
  unary.tensor("X", conv.input()).tensor("W", conv.weight()).tensor("B", {conv.out}).text("attr", "sigmoid").none("algorithm");
  EXPECT_THAT(unary.returns(conv.output()).cost(), Costs(conv.multiply_adds(), outputs, outputs));
  if (conv.transposed) return;
  CallBuilder into("mkldnn::_convolution_pointwise_", "binary");
  into.mutated("other", conv.output()).tensor("X", conv.input()).tensor("W", conv.weight()).none("B");
  into.text("binary_attr", "add").none("alpha").text("unary_attr", "relu").none("unary_algorithm").returns(conv.output());
  EXPECT_THAT(into.cost(), Costs(conv.multiply_adds(), 2 * outputs, 0));
}

TEST_P(RandomConvolution, Prepacked) {
  const Convolution conv = draw();
  for (const auto name : {conv.transposed ? "prepacked::conv2d_transpose_clamp_run" : "prepacked::conv2d_clamp_run",
                          conv.transposed ? "prepacked::conv2d_transpose_clamp_run" : "mkldnn_prepacked::conv2d_run"}) {
    CallBuilder call(name);
    call.tensor("X", conv.input()).packed("W_prepack", conv.weight(), DType::kFloat32).returns(conv.output());
    EXPECT_THAT(call.cost(), Costs(conv.multiply_adds(), 0, 0));
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, RandomConvolution, testing::Range(0, 30));

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
  Convolution conv;
  conv.in = 2;
  conv.out = 4;
  conv.size = {5, 5};
  conv.kernel = {3, 3};
  conv.stride = {2, 2};
  conv.padding = {1, 1};
  conv.dilation = {1, 1};
  conv.output_padding = {0, 0};
  conv.bias = true;
  EXPECT_THAT(conv.forward(), Costs(648, 36, 0));
  // Input 2*25, weight 72, bias 4 floats in; 36 floats out.
  EXPECT_THAT(conv.forward(), Moves((50 + 72 + 4) * 4, 36 * 4));
  EXPECT_EQ(conv.forward().activations, 36);
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
