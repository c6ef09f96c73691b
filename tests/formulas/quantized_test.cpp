// Quantized operators; their products, loop_nests/quantized.cpp.
#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

using Shape = CallBuilder::Shape;

// 2 x 3 on 4 features out: 24. 8 outputs: zero points, bias, 5 to quantize; 1 for the relu. Reads 6 and 12 bytes.
TEST(QuantizedLinear, Relu) {
  CallBuilder call("quantized::linear_relu");
  call.tensor("X", {2, 3}, DType::kQUInt8).packed("W_prepack", {4, 3}).number("Y_scale_i", 0.1).integer("Y_zero_point_i", 0);
  call.returns({2, 4}, DType::kQUInt8);
  EXPECT_THAT(call.cost(), Costs(24, 8 * 7 + 8, 0));
  EXPECT_THAT(call.cost(), Moves(18, 8));
}

// 6 inputs: minimum, maximum, 5 to quantize. 8 outputs: zero points, bias, scale.
TEST(QuantizedLinear, Dynamic) {
  CallBuilder call("quantized::linear_dynamic");
  call.tensor("X", {2, 3}).packed("W_prepack", {4, 3}).flag("reduce_range", false).returns({2, 4});
  EXPECT_THAT(call.cost(), Costs(24, 6 * 7 + 8 * 3, 0));
}

// The range of the 6 inputs is given.
TEST(QuantizedLinear, GivenInputRange) {
  CallBuilder call("quantized::linear_with_input_q_dq_qweight_dq_relu_output_fp32");
  call.tensor("X", {2, 3}).number("X_scale", 0.1).integer("X_zero_point", 0).packed("W_prepack", {4, 3}).returns({2, 4});
  EXPECT_THAT(call.cost(), Costs(24, 6 * 5 + 8 * 3 + 8, 0));
}

// 8 outputs: zero points, 5 to quantize, no bias; gelu 4 and an erf. A second operand: dequantized, added, relu.
TEST(QuantizedLinear, OneDnnPostOps) {
  CallBuilder gelu("onednn::qlinear_pointwise");
  gelu.tensor("qx", {2, 3}, DType::kUInt8).number("x_scale", 1).integer("x_zero_point", 0).tensor("qw", {3, 4}, DType::kInt8);
  gelu.tensor("w_scale", {4}).tensor("w_zero_point", {4}).none("bias").text("post_op_name", "gelu");
  gelu.text("post_op_algorithm", "none").returns({2, 4}, DType::kUInt8);
  EXPECT_THAT(gelu.cost(), Costs(24, 8 * 6 + 8 * 4, 8));
  CallBuilder add("onednn::qlinear_pointwise", "binary");
  add.tensor("qx", {2, 3}, DType::kUInt8).number("x_scale", 1).integer("x_zero_point", 0).tensor("qw", {3, 4}, DType::kInt8);
  add.tensor("w_scale", {4}).tensor("w_zero_point", {4}).tensor("other", {2, 4}, DType::kUInt8).tensor("bias", {4});
  add.text("binary_post_op", "add").number("binary_alpha", 1).text("unary_post_op", "relu").returns({2, 4});
  EXPECT_THAT(add.cost(), Costs(24, 8 * 3 + 8 * 3 + 8, 0));
}

// 8 outputs and a bias.
TEST(HalfLinear, Bias) {
  CallBuilder call("quantized::linear_dynamic_fp16_unpacked_weight");
  call.tensor("X", {2, 3}).tensor("weight", {4, 3}, DType::kFloat16).tensor("bias", {4}).returns({2, 4});
  EXPECT_THAT(call.cost(), Costs(24, 8, 0));
}

// 6 inputs and 12 weights quantized; 8 outputs: zero points, bias, 5 to quantize, 2 back.
TEST(WrappedQuantizedLinear, QuantizesItsOperands) {
  CallBuilder call("_quantized::wrapped_quantized_linear");
  call.tensor("X", {2, 3}).tensor("X_scale", {1}).tensor("X_zero_point", {1}).tensor("W", {4, 3}).returns({2, 4});
  EXPECT_THAT(call.cost(), Costs(24, 18 * 5 + 8 * 9, 0));
}

// 2 batches of 2 x 3 by 3 x 4: 48. 16 outputs: zero points, 5 to quantize.
TEST(QuantizedMatmul, Batch) {
  CallBuilder call("quantized::matmul");
  call.tensor("qa", {2, 2, 3}, DType::kQUInt8).tensor("qb", {2, 3, 4}, DType::kQUInt8).returns({2, 2, 4}, DType::kQUInt8);
  EXPECT_THAT(call.cost(), Costs(48, 16 * 6, 0));
}

// 2 x 4 by 4 x 3: 24; 12 weights dequantized.
TEST(Int4Linear, DequantizesItsWeight) {
  CallBuilder call("quantized::int4mm_packed_weight_cpu");
  call.tensor("self", {2, 4}, DType::kBFloat16).tensor("mat2", {3, 2}, DType::kUInt8).returns({2, 3}, DType::kBFloat16);
  EXPECT_THAT(call.cost(), Costs(24, 36, 0));
}

// 1 x 2 x 3 x 3 outputs of 2 x 1 x 2 x 2 weights: 9 positions * 8. 18 outputs: 7, and an addend: dequantized, added, relu.
TEST(QuantizedConvolution, AddRelu) {
  CallBuilder call("quantized::conv2d_add_relu");
  call.tensor("qx", {1, 1, 4, 4}, DType::kQUInt8).tensor("qaccum", {1, 2, 3, 3}, DType::kQUInt8);
  call.packed("packed_weight", {2, 1, 2, 2}).returns({1, 2, 3, 3}, DType::kQUInt8);
  EXPECT_THAT(call.cost(), Costs(72, 18 * 7 + 18 * 4, 0));
}

// 10 elements: 2 for each input, the addition, 5 for the output; the relu. The output's old contents are not read.
TEST(QuantizedAdd, TensorAndNumber) {
  CallBuilder tensor("quantized::add_relu", "out");
  tensor.tensor("qa", {10}, DType::kQUInt8).tensor("qb", {10}, DType::kQUInt8).mutated("out", {10}, DType::kQUInt8);
  EXPECT_THAT(tensor.returns({10}, DType::kQUInt8).cost(), Costs(0, 100 + 10, 0));
  EXPECT_THAT(tensor.cost(), Moves(20, 10));
  CallBuilder number("quantized::add_relu", "Scalar");
  number.tensor("qa", {10}, DType::kQUInt8).number("b", 2).returns({10}, DType::kQUInt8);
  EXPECT_THAT(number.cost(), Costs(0, 10, 0));
}

TEST(QuantizedSigmoid, DequantizesAndQuantizes) {
  CallBuilder call("quantized::sigmoid");
  call.tensor("qx", {10}, DType::kQUInt8).number("output_scale", 0.1).returns({10}, DType::kQUInt8);
  EXPECT_THAT(call.cost(), Costs(0, 70, 10));
}

// 24 elements in 4 groups: 5 to normalize, weight, bias, 7 for both conversions; 3 and a root per group.
TEST(QuantizedNormalization, Groups) {
  const auto cost = [](std::string_view name) {
    CallBuilder call(name);
    call.tensor("input", {2, 2, 6}, DType::kQUInt8).integers("normalized_shape", {6}).integer("num_groups", 2);
    return call.tensor("weight", {6}).tensor("bias", {6}).returns({2, 2, 6}, DType::kQUInt8).cost();
  };
  EXPECT_THAT(cost("quantized::layer_norm"), Costs(0, 24 * 14 + 12, 4));
  EXPECT_THAT(cost("quantized::group_norm"), Costs(0, 24 * 14 + 12, 4));
  EXPECT_THAT(cost("quantized::instance_norm"), Costs(0, 24 * 14 + 12, 4));
}

// 24 elements: 2, a product, an addition, 5; relu. 3 channels: 4 and a root.
TEST(QuantizedNormalization, BatchNormRelu) {
  CallBuilder call("quantized::batch_norm2d_relu");
  call.tensor("qx", {2, 3, 2, 2}, DType::kQUInt8).tensor("weight", {3}).returns({2, 3, 2, 2}, DType::kQUInt8);
  EXPECT_THAT(call.cost(), Costs(0, 24 * 10 + 12, 3));
}

TEST(Quantization, ThereAndBack) {
  CallBuilder quantize("aten::quantize_per_tensor");
  EXPECT_THAT(quantize.tensor("self", {10}).returns({10}, DType::kQUInt8).cost(), Costs(0, 50, 0));
  CallBuilder back("aten::dequantize", "self");
  EXPECT_THAT(back.tensor("self", {10}, DType::kQUInt8).returns({10}).cost(), Costs(0, 20, 0));
  // Half precision is only cast.
  CallBuilder cast("aten::dequantize", "self");
  EXPECT_THAT(cast.tensor("self", {10}, DType::kFloat16).returns({10}).cost(), Costs(0, 0, 0));
  // The mask is a comparison.
  CallBuilder fake("aten::fake_quantize_per_tensor_affine_cachemask");
  EXPECT_THAT(fake.tensor("self", {10}).returns({10}).returns({10}, DType::kBool).cost(), Costs(0, 70, 0));
}

// 10 elements of 14.
TEST(Quantization, LearnedScaleBackward) {
  CallBuilder call("aten::_fake_quantize_learnable_per_tensor_affine_backward");
  call.tensor("grad", {10}).tensor("self", {10}).tensor("scale", {1}).tensor("zero_point", {1});
  EXPECT_THAT(call.returns({10}).returns({1}).returns({1}).cost(), Costs(0, 140, 0));
}

// 10 elements, one range: 2 per element and 13; 7 per element.
TEST(ObservedFakeQuantize, Switches) {
  const auto cost = [](Shape observer, Shape fake_quantize) {
    CallBuilder call("aten::_fused_moving_avg_obs_fq_helper");
    call.tensor("self", {10});
    observer.empty() ? call.tensor("observer_on", {1}, DType::kInt64) : call.values("observer_on", observer);
    fake_quantize.empty() ? call.tensor("fake_quant_on", {1}, DType::kInt64) : call.values("fake_quant_on", fake_quantize);
    return call.mutated("running_min", {1}).mutated("running_max", {1}).returns({10}).returns({10}, DType::kBool).cost();
  };
  EXPECT_THAT(cost({1}, {1}), Costs(0, 33 + 70, 0));
  EXPECT_THAT(cost({0}, {1}), Costs(0, 70, 0));
  EXPECT_THAT(cost({1}, {0}), Costs(0, 33, 0));
  EXPECT_THAT(cost({}, {}), Costs(0, 33 + 70, 0));
}

// 3 rows of 5 elements: times the scale, plus the offset; added up. Reads 3 rows (5 bytes, or 3, or 2, and scale and offset), 3
// indices.
TEST(QuantizedEmbedding, ReadsTheRowsLookedUp) {
  CallBuilder plain("quantized::embedding_byte");
  plain.packed("weight", {100, 5}, DType::kQUInt8).tensor("indices", {3}, DType::kInt64).returns({3, 5});
  EXPECT_THAT(plain.cost(), Costs(0, 30, 0));
  EXPECT_THAT(plain.cost(), Moves(3 * 13 + 24, 60));

  const auto bag = [](std::string_view name, bool weighted) {
    CallBuilder call(name);
    call.tensor("weight", {100, 13}, DType::kUInt8).tensor("indices", {3}, DType::kInt64).tensor("offsets", {2}, DType::kInt64);
    if (weighted) call.tensor("per_sample_weights", {3});
    return call.returns({2, 5}).cost();
  };
  EXPECT_THAT(bag("quantized::embedding_bag_byte_rowwise_offsets", false), Costs(0, 45, 0));
  EXPECT_THAT(bag("quantized::embedding_bag_byte_rowwise_offsets", false), Moves(3 * 13 + 24 + 16, 40));
  EXPECT_THAT(bag("quantized::embedding_bag_4bit_rowwise_offsets", true), Costs(0, 45 + 6, 0));
  EXPECT_THAT(bag("quantized::embedding_bag_4bit_rowwise_offsets", true), Moves(3 * 7 + 24 + 16 + 12, 40));
  EXPECT_THAT(bag("quantized::embedding_bag_2bit_rowwise_offsets", false), Moves(3 * 6 + 24 + 16, 40));
}

}  // namespace
}  // namespace torchtally
