// What the loop nests of attention (loop_nests/attention.cpp) do not say.
#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

// 2 samples, 3 heads, 4 queries, 5 keys, query features 6, value features 7: 2*3*4*5 = 120 scores.
CallBuilder sdpa(std::string_view name) {
  CallBuilder call(name);
  call.tensor("query", {2, 3, 4, 6}).tensor("key", {2, 3, 5, 6}).tensor("value", {2, 3, 5, 7});
  return call;
}

// Products 120 * (6 + 7) = 1560. Per score: scale 1, softmax 4 and exp.
TEST(Attention, Forward) {
  for (const auto name : {"aten::_scaled_dot_product_flash_attention_for_cpu", "aten::_scaled_dot_product_flash_attention",
                          "aten::_scaled_dot_product_efficient_attention", "aten::_scaled_dot_product_cudnn_attention"}) {
    EXPECT_THAT(sdpa(name).returns({2, 3, 4, 7}).cost(), Costs(1560, 120 * 5, 120)) << name;
  }
}

// A mask is added to every score.
TEST(Attention, Mask) {
  CallBuilder call = sdpa("aten::_scaled_dot_product_flash_attention_for_cpu");
  call.number("dropout_p", 0).flag("is_causal", false).tensor("attn_mask", {4, 5}).returns({2, 3, 4, 7});
  EXPECT_THAT(call.cost(), Costs(1560, 120 * 6, 120));
  CallBuilder bias = sdpa("aten::_scaled_dot_product_efficient_attention");
  bias.tensor("attn_bias", {2, 3, 4, 5}).returns({2, 3, 4, 7});
  EXPECT_THAT(bias.cost(), Costs(1560, 120 * 6, 120));
}

// Causal positions count like any other. 4 queries see 1, 2, 3, 4 of 5 keys: 10 of 20, so half of 1560 is masked.
TEST(Attention, CausalIsDense) {
  CallBuilder call = sdpa("aten::_scaled_dot_product_flash_attention_for_cpu");
  call.number("dropout_p", 0).flag("is_causal", true).none("attn_mask").returns({2, 3, 4, 7});
  EXPECT_THAT(call.cost(), Costs(1560, 120 * 5, 120));
  EXPECT_EQ(call.cost().masked_macs, 780);
}

// Flash attention's diagonal ends in the bottom right corner: 4 queries see 2, 3, 4, 5 of 5 keys, 6 of 20 are masked.
TEST(Attention, FlashIsCausalFromTheBottomRight) {
  CallBuilder call = sdpa("aten::_scaled_dot_product_flash_attention");
  call.number("dropout_p", 0).flag("is_causal", true).returns({2, 3, 4, 7});
  EXPECT_THAT(call.cost(), Costs(1560, 120 * 5, 120));
  EXPECT_EQ(call.cost().masked_macs, 1560 * 6 / 20);
}

// 6 query heads on 2 key heads: 1*6*4*5 = 120 scores, each 2 * 8.
TEST(Attention, HeadsOfTheQuery) {
  CallBuilder call("aten::_scaled_dot_product_flash_attention_for_cpu");
  call.tensor("query", {1, 6, 4, 8}).tensor("key", {1, 2, 5, 8}).tensor("value", {1, 2, 5, 8}).returns({1, 6, 4, 8});
  EXPECT_THAT(call.cost(), Costs(120 * 16, 120 * 5, 120));
}

// Products: scores again, dq, dk: 3 * 6; dscores, dv: 2 * 7. 120 * 32 = 3840. Per score 5 and exp. The row sums: 2 per output
// element, of which there are 2*3*4*7 = 168.
TEST(Attention, Backward) {
  for (const auto name :
       {"aten::_scaled_dot_product_flash_attention_for_cpu_backward", "aten::_scaled_dot_product_efficient_attention_backward"}) {
    CallBuilder call(name);
    call.tensor("grad_out", {2, 3, 4, 7}).tensor("query", {2, 3, 4, 6}).tensor("key", {2, 3, 5, 6}).tensor("value", {2, 3, 5, 7});
    call.returns({2, 3, 4, 6}).returns({2, 3, 5, 6}).returns({2, 3, 5, 7});
    EXPECT_THAT(call.cost(), Costs(3840, 120 * 5 + 2 * 168, 120)) << name;
  }
}

// The same as above, heads after the sequence.
TEST(Attention, SequenceBeforeHeads) {
  CallBuilder forward("aten::_flash_attention_forward");
  forward.tensor("query", {2, 4, 3, 6})
      .tensor("key", {2, 5, 3, 6})
      .tensor("value", {2, 5, 3, 7})
      .none("cum_seq_q")
      .none("cum_seq_k");
  forward.integer("max_q", 4).integer("max_k", 5).returns({2, 4, 3, 7});
  EXPECT_THAT(forward.cost(), Costs(1560, 120 * 5, 120));

  CallBuilder backward("aten::_efficient_attention_backward");
  backward.tensor("grad_out_", {2, 4, 3, 7})
      .tensor("query", {2, 4, 3, 6})
      .tensor("key", {2, 5, 3, 6})
      .tensor("value", {2, 5, 3, 7});
  backward.returns({2, 4, 3, 6});
  EXPECT_THAT(backward.cost(), Costs(3840, 120 * 5 + 2 * 168, 120));
}

// Two packed sequences, at most 4 queries and 5 keys long: 2 * 3 heads * 4 * 5 = 120 scores again.
TEST(Attention, PackedSequences) {
  CallBuilder flash("aten::_flash_attention_forward");
  flash.tensor("query", {7, 3, 6}).tensor("key", {9, 3, 6}).tensor("value", {9, 3, 7});
  flash.tensor("cum_seq_q", {3}, DType::kInt32).tensor("cum_seq_k", {3}, DType::kInt32).integer("max_q", 4).integer("max_k", 5);
  EXPECT_THAT(flash.returns({7, 3, 7}).cost(), Costs(1560, 120 * 5, 120));

  CallBuilder efficient("aten::_efficient_attention_forward");
  efficient.tensor("query", {1, 7, 3, 6}).tensor("key", {1, 9, 3, 6}).tensor("value", {1, 9, 3, 7}).none("bias");
  efficient.tensor("cu_seqlens_q", {3}, DType::kInt32).tensor("cu_seqlens_k", {3}, DType::kInt32);
  efficient.integer("max_seqlen_q", 4).integer("max_seqlen_k", 5).returns({1, 7, 3, 7});
  EXPECT_THAT(efficient.cost(), Costs(1560, 120 * 5, 120));
}

// The output is the first argument: 2*4*3*7 floats written and not read, beside the log-sums 2*3*4.
TEST(Attention, IntoItsOutput) {
  CallBuilder call("aten::_flash_attention_forward_no_dropout_inplace");
  call.mutated("out", {2, 4, 3, 7}).tensor("query", {2, 4, 3, 6}).tensor("key", {2, 5, 3, 6}).tensor("value", {2, 5, 3, 7});
  call.none("cum_seq_q").none("cum_seq_k").integer("max_q", 4).integer("max_k", 5).returns({2, 3, 4});
  EXPECT_THAT(call.cost(), Costs(1560, 120 * 5, 120));
  EXPECT_THAT(call.cost(), Moves((144 + 180 + 210) * 4, (168 + 24) * 4));
  EXPECT_EQ(call.cost().activations, 168 + 24);
}

// 1.13's kernel for packed sequences, by their lengths 2 and 5 on 3 heads: (4 + 25) * 3 scores of 12 each; causal: 1 and 10
// masked.
TEST(Attention, FirstFlash) {
  CallBuilder call("aten::_flash_scaled_dot_product_attention");
  call.tensor("query", {7, 3, 6}).tensor("key", {7, 3, 6}).tensor("value", {7, 3, 6});
  call.values("cum_seq_q", {0, 2, 7}).values("cum_seq_k", {0, 2, 7}).integer("max_q", 5).integer("max_k", 5);
  call.number("dropout_p", 0).flag("is_causal", true).returns({7, 3, 6});
  EXPECT_THAT(call.cost(), Costs(87 * 12, 87 * 5, 87));
  EXPECT_EQ(call.cost().masked_macs, 11 * 3 * 12);
}

// 2 samples, 5 tokens, width 8, 2 heads. Per token 4 projections of 8*8: 10 * 256 = 2560. Pairs 2*5*5 = 50, each 8 for the score
// and 8 for the sum: 800. MACs 3360. Biases 4 * 80; the query's scale 80; softmax of 50 * 2 scores, 4 and exp.
CallBuilder self_attention(bool weights, bool average) {
  CallBuilder call("aten::_native_multi_head_attention");
  call.tensor("query", {2, 5, 8})
      .tensor("key", {2, 5, 8})
      .tensor("value", {2, 5, 8})
      .integer("embed_dim", 8)
      .integer("num_head", 2);
  call.tensor("qkv_weight", {24, 8}).tensor("qkv_bias", {24}).tensor("proj_weight", {8, 8}).tensor("proj_bias", {8}).none("mask");
  call.flag("need_weights", weights).flag("average_attn_weights", average).none("mask_type").returns({2, 5, 8});
  return call;
}
TEST(MultiHeadAttention, SelfAttention) {
  EXPECT_THAT(self_attention(false, true).cost(), Costs(3360, 320 + 80 + 400, 100));
  EXPECT_THAT(self_attention(true, false).cost(), Costs(3360, 320 + 80 + 400, 100));
}

// Averaged weights: each of 50 pairs adds 2 heads and divides once.
TEST(MultiHeadAttention, AveragedWeights) {
  EXPECT_THAT(self_attention(true, true).cost(), Costs(3360, 320 + 80 + 400 + 150, 100));
}

// Two sequences of 2 and 3 tokens: 5 * 256 = 1280 for the projections, pairs 4 + 9 = 13, each 16: 208. Biases 4 * 40, scale 40,
// softmax of 13 * 2 scores.
TEST(MultiHeadAttention, NestedTensor) {
  CallBuilder call("aten::_native_multi_head_attention");
  const std::vector<CallBuilder::Shape> tokens = {{2, 8}, {3, 8}};
  call.nested("query", tokens).nested("key", tokens).nested("value", tokens).integer("embed_dim", 8).integer("num_head", 2);
  EXPECT_THAT(call.returns_nested(tokens).cost(), Costs(1280 + 208, 160 + 40 + 26 * 4, 26));
}

// One more token per sample after 4: 2 * 256 for the projections, pairs 2 * 5, each 16. Biases 4 * 16, scale 16, softmax of 20.
TEST(MultiHeadAttention, SavedKeys) {
  CallBuilder call("aten::_native_decoder_only_multi_head_attention");
  call.tensor("query", {2, 1, 8}).tensor("key", {2, 1, 8}).tensor("value", {2, 1, 8}).integer("embed_dim", 8);
  call.integer("num_head", 2).tensor("incr_key", {2, 2, 4, 4}).tensor("incr_value", {2, 2, 4, 4}).returns({2, 1, 8});
  EXPECT_THAT(call.cost(), Costs(512 + 160, 64 + 16 + 80, 20));
}

// 2 * 5 * 24 biases, the query's third scaled.
TEST(TransformBiasRescaleQkv, Forward) {
  CallBuilder call("aten::_transform_bias_rescale_qkv");
  call.tensor("qkv", {2, 5, 24}).tensor("qkv_bias", {24}).integer("num_heads", 2).returns({2, 2, 5, 4});
  EXPECT_THAT(call.cost(), Costs(0, 240 + 80, 0));
}

// The attention above, with a mask: 100 more. Perceptron 8 -> 16 -> 8: 10 * (128 + 128) = 2560 MACs, biases 160 + 80, relu 160.
// Two norms of 80 elements in 10 rows: 5 + 2 per element, 3 and rsqrt per row: 2 * (560 + 30) and 20. Two residuals: 160.
TEST(TransformerEncoderLayer, Relu) {
  const auto cost = [](bool gelu) {
    CallBuilder call("aten::_transformer_encoder_layer_fwd");
    call.tensor("src", {2, 5, 8}).integer("embed_dim", 8).integer("num_heads", 2).tensor("qkv_weight", {24, 8});
    call.tensor("qkv_bias", {24}).tensor("proj_weight", {8, 8}).tensor("proj_bias", {8}).flag("use_gelu", gelu);
    call.flag("norm_first", false).number("eps", 1e-5).tensor("norm_weight_1", {8}).tensor("norm_bias_1", {8});
    call.tensor("norm_weight_2", {8}).tensor("norm_bias_2", {8}).tensor("ffn_weight_1", {16, 8}).tensor("ffn_bias_1", {16});
    call.tensor("ffn_weight_2", {8, 16}).tensor("ffn_bias_2", {8}).tensor("mask", {5, 5}).returns({2, 5, 8});
    return call.cost();
  };
  EXPECT_THAT(cost(false), Costs(3360 + 2560, 800 + 100 + 240 + 160 + 1180 + 160, 100 + 20));
  // gelu: 4 and erf instead of relu's 1.
  EXPECT_THAT(cost(true), Costs(3360 + 2560, 800 + 100 + 240 + 640 + 1180 + 160, 100 + 20 + 160));
}

// Two layers of width 256, perceptron 1024, on 2 x 64 tokens: 209.72 million, as the sum of their products.
TEST(TransformerEncoderLayer, NamedExample) {
  CallBuilder call("aten::_transformer_encoder_layer_fwd");
  call.tensor("src", {2, 64, 256}).integer("embed_dim", 256).integer("num_heads", 8).tensor("ffn_weight_1", {1024, 256});
  const Cost layer = call.returns({2, 64, 256}).cost();
  // 4 * 256^2 * 128 + 2 * 2 * 64^2 * 256 + 2 * 256 * 1024 * 128
  EXPECT_EQ(layer.macs, 33554432 + 4194304 + 67108864);
}

}  // namespace
}  // namespace torchtally
