// What the loop nests of products (loop_nests/matrix.cpp, linear_layer.cpp) do not say.
#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

// 5 combinations of 3 matrices of 2 x 2: a product and an addition each.
TEST(LinearCombination, Forward) {
  CallBuilder call("aten::_compute_linear_combination");
  EXPECT_THAT(call.tensor("input", {3, 2, 2}).tensor("coefficients", {5, 3}).returns({5, 2, 2}).cost(), Costs(0, 20 * 3 * 2, 0));
}

Cost addmm(double beta, double alpha) {
  CallBuilder call("aten::addmm");
  call.tensor("self", {2, 4}).tensor("mat1", {2, 3}).tensor("mat2", {3, 4}).number("beta", beta).number("alpha", alpha);
  return call.returns({2, 4}).cost();
}

// 8 outputs: + self 8; * beta 8 unless it is 1; * alpha 8 unless it is 1. With beta 0 self is neither read nor added.
TEST(Addmm, BetaAndAlpha) {
  EXPECT_THAT(addmm(1, 1), Costs(24, 8, 0));
  EXPECT_THAT(addmm(2, 1), Costs(24, 16, 0));
  EXPECT_THAT(addmm(2, 3), Costs(24, 24, 0));
  EXPECT_THAT(addmm(0, 1), Costs(24, 0, 0));
  EXPECT_THAT(addmm(1, 1), Moves((8 + 6 + 12) * 4, 8 * 4));
  EXPECT_THAT(addmm(0, 1), Moves((6 + 12) * 4, 8 * 4));
}

TEST(Addmm, OutputTypeComesBeforeBeta) {
  CallBuilder call("aten::addmm", "dtype");
  call.tensor("self", {2, 4})
      .tensor("mat1", {2, 3})
      .tensor("mat2", {3, 4})
      .other("out_dtype")
      .integer("beta", 1)
      .integer("alpha", 2);
  EXPECT_THAT(call.returns({2, 4}).cost(), Costs(24, 16, 0));
}

// 8 outputs: the sum, and relu 1 or gelu 4 and erf.
TEST(Addmm, Activation) {
  for (const bool gelu : {false, true}) {
    CallBuilder call("aten::_addmm_activation");
    call.tensor("self", {4}).tensor("mat1", {2, 3}).tensor("mat2", {3, 4}).integer("beta", 1).integer("alpha", 1);
    call.flag("use_gelu", gelu).returns({2, 4});
    EXPECT_THAT(call.cost(), Costs(24, gelu ? 8 + 32 : 8 + 8, gelu ? 8 : 0));
  }
}

// Complex: (a + bi)(c + di) summed is 4 real products and 4 real additions.
TEST(Mm, Complex) {
  CallBuilder call("aten::mm");
  call.tensor("self", {2, 3}, DType::kComplex64).tensor("mat2", {3, 4}, DType::kComplex64).returns({2, 4}, DType::kComplex64);
  EXPECT_THAT(call.cost(), Costs(4 * 24, 0, 0));
}

// Two 4-bit elements per byte: k is 2 * 3.
TEST(ScaledMm, PackedElements) {
  CallBuilder bytes("aten::_scaled_mm");
  bytes.tensor("self", {2, 3}, DType::kFloat8E4M3FN).tensor("mat2", {3, 4}, DType::kFloat8E4M3FN).returns({2, 4});
  EXPECT_THAT(bytes.cost(), Costs(24, 0, 0));
  CallBuilder packed("aten::_scaled_mm");
  packed.tensor("self", {2, 3}, DType::kFloat4E2M1FNx2).tensor("mat2", {3, 4}, DType::kFloat4E2M1FNx2).tensor("bias", {4});
  EXPECT_THAT(packed.returns({2, 4}).cost(), Costs(48, 8, 0));
}

// 2 x 3 on 4 features out: 24; 8 outputs have a bias. Of the two weights one is read: (6 + 12 + 4) * 4 bytes.
TEST(MklLinear, ReadsOneWeight) {
  CallBuilder call("mkl::_mkl_linear");
  call.tensor("X", {2, 3}).tensor("MKL_W", {77}).tensor("ORI_W", {4, 3}).tensor("B", {4}).integer("batch_size", 2);
  EXPECT_THAT(call.returns({2, 4}).cost(), Costs(24, 8, 0));
  EXPECT_THAT(call.cost(), Moves(88, 32));
}

// What follows the product, by its name: per output (8) a bias, then nothing, 1, a transcendental, 4 and one, 8 and one.
TEST(PointwiseLinear, Activations) {
  const auto cost = [](std::string_view attr, std::string_view algorithm) {
    CallBuilder call("mkldnn::_linear_pointwise");
    call.tensor("X", {2, 3}).tensor("W", {4, 3}).tensor("B", {4}).text("attr", attr).none("scalars").text("algorithm", algorithm);
    return call.returns({2, 4}).cost();
  };
  EXPECT_THAT(cost("none", ""), Costs(24, 8, 0));
  EXPECT_THAT(cost("relu", ""), Costs(24, 16, 0));
  EXPECT_THAT(cost("sigmoid", ""), Costs(24, 8, 8));
  EXPECT_THAT(cost("gelu", "none"), Costs(24, 8 + 32, 8));
  EXPECT_THAT(cost("gelu", "tanh"), Costs(24, 8 + 64, 8));
}

// nn.Bilinear_32x48->16_B8: 8*16*48*32 for x w, 8*16*48 for the rest.
TEST(Trilinear, NamedExample) {
  CallBuilder call("aten::_trilinear");
  call.tensor("i1", {8, 32}).tensor("i2", {16, 32, 48}).tensor("i3", {8, 48});
  call.integers("expand1", {1, 3})
      .integers("expand2", {0})
      .integers("expand3", {1, 2})
      .integers("sumdim", {2, 3})
      .returns({8, 16});
  EXPECT_THAT(call.cost(), Costs(202752, 0, 0));
}

}  // namespace
}  // namespace torchtally
