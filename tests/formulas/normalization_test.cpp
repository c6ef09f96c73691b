#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

// 4 rows of 6. Per element: mean 1, variance 3, times the deviation 1, weight 1, bias 1. Per row: two divisions, + epsilon,
// rsqrt.
TEST(LayerNorm, Forward) {
  CallBuilder call("aten::native_layer_norm");
  call.tensor("input", {4, 6}).integers("normalized_shape", {6}).tensor("weight", {6}).tensor("bias", {6}).number("eps", 1e-5);
  call.returns({4, 6}).returns({4, 1}).returns({4, 1});
  EXPECT_THAT(call.cost(), Costs(0, 24 * 7 + 4 * 3, 4));
  CallBuilder plain("aten::native_layer_norm");
  plain.tensor("input", {4, 6}).integers("normalized_shape", {6}).none("weight").none("bias").number("eps", 1e-5);
  plain.returns({4, 6}).returns({4, 1}).returns({4, 1});
  EXPECT_THAT(plain.cost(), Costs(0, 24 * 5 + 4 * 3, 4));
}

// 2 samples, 6 channels in 3 groups, 5 positions: 60 elements, 6 groups.
TEST(GroupNorm, Forward) {
  CallBuilder call("aten::native_group_norm");
  call.tensor("input", {2, 6, 5}).tensor("weight", {6}).tensor("bias", {6}).integer("N", 2).integer("C", 6).integer("HxW", 5);
  call.integer("group", 3).number("eps", 1e-5).returns({2, 6, 5}).returns({2, 3}).returns({2, 3});
  EXPECT_THAT(call.cost(), Costs(0, 60 * 7 + 6 * 3, 6));
}

// 24 elements. The normalized input 2; input: weight 1, sums 3, the rest 4; weight: product, sum; bias: sum.
TEST(LayerNorm, Backward) {
  const auto cost = [](bool input, bool weight, bool bias) {
    CallBuilder call("aten::native_layer_norm_backward");
    call.tensor("grad_out", {4, 6}).tensor("input", {4, 6}).integers("normalized_shape", {6}).tensor("mean", {4, 1});
    call.tensor("rstd", {4, 1}).tensor("weight", {6}).tensor("bias", {6}).flags("output_mask", {input, weight, bias});
    return call.returns({4, 6}).returns({6}).returns({6}).cost();
  };
  EXPECT_THAT(cost(true, true, true), Costs(0, 24 * (2 + 8 + 2 + 1), 0));
  EXPECT_THAT(cost(true, false, false), Costs(0, 24 * (2 + 8), 0));
  EXPECT_THAT(cost(false, false, true), Costs(0, 24, 0));
}

// 4 rows of 6: square, sum, times the root, weight; per row division, + epsilon, rsqrt.
TEST(RmsNorm, Forward) {
  CallBuilder call("aten::_fused_rms_norm");
  call.tensor("input", {4, 6})
      .integers("normalized_shape", {6})
      .tensor("weight", {6})
      .none("eps")
      .returns({4, 6})
      .returns({4, 1});
  EXPECT_THAT(call.cost(), Costs(0, 24 * 4 + 4 * 2, 4));
}

// The normalized input 1; input: weight 1, sum 2, the rest 3; weight: 2.
TEST(RmsNorm, Backward) {
  CallBuilder call("aten::_fused_rms_norm_backward");
  call.tensor("grad_out", {4, 6}).tensor("input", {4, 6}).integers("normalized_shape", {6}).tensor("rstd", {4, 1});
  call.tensor("weight", {6}).flags("output_mask", {true, true}).returns({4, 6}).returns({6});
  EXPECT_THAT(call.cost(), Costs(0, 24 * (1 + 6 + 2), 0));
}

CallBuilder batch_norm(bool training) {
  CallBuilder call("aten::native_batch_norm");
  call.tensor("input", {2, 3, 4})
      .tensor("weight", {3})
      .tensor("bias", {3})
      .tensor("running_mean", {3})
      .tensor("running_var", {3});
  call.flag("training", training).number("momentum", 0.1).number("eps", 1e-5).returns({2, 3, 4}).returns({3}).returns({3});
  return call;
}

// 24 elements in 3 channels, times the scale, plus the shift. Per channel: + epsilon, rsqrt, * weight, * mean, bias -.
TEST(BatchNorm, Inference) {
  EXPECT_THAT(batch_norm(false).cost(), Costs(0, 24 * 2 + 3 * 4, 3));
  CallBuilder legit("aten::_native_batch_norm_legit_no_training");
  legit.tensor("input", {2, 3, 4})
      .tensor("weight", {3})
      .tensor("bias", {3})
      .tensor("running_mean", {3})
      .tensor("running_var", {3});
  EXPECT_THAT(legit.returns({2, 3, 4}).cost(), Costs(0, 24 * 2 + 3 * 4, 3));
}

// Mean 1, variance 3, scale and shift 2 per element; per channel the same 4 and two divisions; the running statistics 3 each.
TEST(BatchNorm, Training) {
  EXPECT_THAT(batch_norm(true).cost(), Costs(0, 24 * 6 + 3 * 6 + 3 * 6, 3));
  CallBuilder no_stats("aten::_native_batch_norm_legit", "no_stats");
  no_stats.tensor("input", {2, 3, 4}).tensor("weight", {3}).tensor("bias", {3}).flag("training", true).returns({2, 3, 4});
  EXPECT_THAT(no_stats.cost(), Costs(0, 24 * 6 + 3 * 6, 3));
}

// 24 elements. Training: both sums 5, input 4. Inference: input 1, weight 4, bias 1. Only the bias: 1.
TEST(BatchNorm, Backward) {
  const auto cost = [](bool train, bool input, bool weight, bool bias) {
    CallBuilder call("aten::native_batch_norm_backward");
    call.tensor("grad_out", {2, 3, 4}).tensor("input", {2, 3, 4}).tensor("weight", {3}).none("running_mean").none("running_var");
    call.tensor("save_mean", {3}).tensor("save_invstd", {3}).flag("train", train).number("eps", 1e-5);
    return call.flags("output_mask", {input, weight, bias}).returns({2, 3, 4}).returns({3}).returns({3}).cost();
  };
  EXPECT_THAT(cost(true, true, true, true), Costs(0, 24 * 9, 0));
  EXPECT_THAT(cost(true, true, false, false), Costs(0, 24 * 9, 0));
  EXPECT_THAT(cost(false, true, true, true), Costs(0, 24 * 6, 0));
  EXPECT_THAT(cost(false, true, false, false), Costs(0, 24, 0));
  EXPECT_THAT(cost(true, false, false, true), Costs(0, 24, 0));
}

// 12 elements: square, sum, product; 3 norms: division, sqrt.
TEST(WeightNorm, Forward) {
  CallBuilder call("aten::_weight_norm_interface");
  call.tensor("v", {3, 4}).tensor("g", {3, 1}).integer("dim", 0).returns({3, 4}).returns({3, 1});
  EXPECT_THAT(call.cost(), Costs(0, 36 + 3, 3));
}

// 2 rows of 4 of a table of 100: 3 each, and a division and a sqrt per row. The rest of the table is not touched.
TEST(EmbeddingRenorm, TouchesItsRows) {
  CallBuilder call("aten::embedding_renorm_");
  call.mutated("self", {100, 4}).tensor("indices", {2}, DType::kInt64).number("max_norm", 1).number("norm_type", 2);
  call.returns({100, 4});
  EXPECT_THAT(call.cost(), Costs(0, 24 + 2, 2));
  EXPECT_THAT(call.cost(), Moves(16 + 32, 32));
}

// Parts of 2 and 3 rows of 6: 30 elements, 5 rows.
TEST(LayerNorm, Nested) {
  CallBuilder call("aten::_nested_tensor_layer_norm");
  call.nested("self", {{2, 6}, {3, 6}}).tensor("weight", {6}).tensor("bias", {6}).number("eps", 1e-5);
  EXPECT_THAT(call.returns_nested({{2, 6}, {3, 6}}).cost(), Costs(0, 30 * 7 + 5 * 3, 5));
}

// 2 processes, 3 channels: 19 for each pair; per channel 2 and a root; the running mean 3, the running variance 5.
TEST(BatchNorm, GatherStatistics) {
  CallBuilder call("aten::batch_norm_gather_stats_with_counts");
  call.tensor("input", {8, 3, 4}).tensor("mean", {2, 3}).tensor("invstd", {2, 3}).tensor("running_mean", {3});
  call.tensor("running_var", {3}).number("momentum", 0.1).number("eps", 1e-5).tensor("counts", {2}).returns({3}).returns({3});
  EXPECT_THAT(call.cost(), Costs(0, 6 * 19 + 3 * 2 + 3 * 3 + 3 * 5, 3));
  EXPECT_THAT(call.cost(), Moves(2 * 24 + 2 * 12 + 8, 24));
}

}  // namespace
}  // namespace torchtally
