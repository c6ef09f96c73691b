// Layers on quantized numbers. Only their multiply-adds are counted here; what is quantized, tests/formulas/quantized_test.cpp.
#include <gtest/gtest.h>

#include "convolution.h"
#include "loop_nest.h"

namespace torchtally::loop_nests {
namespace {

// out[r][o] = sum of input[r][i] weight[o][i]; the weight is packed, a tensor of either orientation, or not to be seen.
void linear(NestCall& call, Draw& draw) {
  Shape rows;
  for (std::int64_t d = draw(0, 2); d > 0; --d) rows.push_back(draw(1, 4));
  const std::int64_t in = draw(), out = draw();
  Shape input = rows, output = rows;
  input.push_back(in);
  output.push_back(out);
  call.tensor(call.name(0), input, DType::kQUInt8).returns(output, DType::kQUInt8);
  if (call.has("qw")) {
    call.tensor("qw", {in, out}, DType::kInt8);
  } else if (call.has("W")) {
    call.tensor("W", {out, in});
  } else {
    call.packed("W_prepack", {out, in});
  }
  Shape nest = output;
  nest.push_back(in);
  EXPECT_EQ(call.cost().macs, loops(nest));
}

void matmul(NestCall& call, Draw& draw) {
  const std::int64_t b = draw(), m = draw(), k = draw(), n = draw();
  call.tensor("qa", {b, m, k}, DType::kQUInt8).tensor("qb", {b, k, n}, DType::kQUInt8).returns({b, m, n}, DType::kQUInt8);
  EXPECT_EQ(call.cost().macs, loops({b, m, n, k}));
}

// A packed object, or the tensor qw. A convolution of one dimension is packed as one of two.
void convolution(NestCall& call, Draw& draw) {
  const auto named = [&call](std::string_view part) { return call.op().find(part) != std::string_view::npos; };
  Convolution::Limits limits;
  limits.transposed = named("transpose");
  if (named("1d")) limits.dims = 1;
  if (named("2d")) limits.dims = 2;
  if (named("3d")) limits.dims = 3;
  const Convolution conv = Convolution::random(draw, limits);
  call.tensor("qx", conv.input(), DType::kQUInt8).returns(conv.output(), DType::kQUInt8);
  Shape weight = conv.weight();
  if (call.has("qw")) {
    call.tensor("qw", weight, DType::kInt8);
  } else {
    if (named("1d")) weight.insert(weight.begin() + 2, 1);
    call.packed(call.has("packed_weight") ? "packed_weight" : "weight", weight);
  }
  EXPECT_EQ(call.cost().macs, conv.multiply_adds());
}

constexpr Nest kNests[] = {
    {"_quantized::_wrapped_quantized_linear_prepacked", linear},
    {"_quantized::conv2d", convolution},
    {"_quantized::conv2d_relu", convolution},
    {"_quantized::conv3d", convolution},
    {"_quantized::conv3d_relu", convolution},
    {"_quantized::conv_transpose1d", convolution},
    {"_quantized::conv_transpose2d", convolution},
    {"_quantized::linear", linear},
    {"_quantized::linear_dynamic", linear},
    {"_quantized::wrapped_quantized_linear", linear},
    {"onednn::qconv1d_pointwise", convolution},
    {"onednn::qconv2d_pointwise", convolution},
    {"onednn::qconv3d_pointwise", convolution},
    {"onednn::qconv_pointwise", convolution},
    {"onednn::qlinear_pointwise", linear},
    {"quantized::conv1d", convolution},
    {"quantized::conv1d_dynamic", convolution},
    {"quantized::conv1d_relu", convolution},
    {"quantized::conv2d", convolution},
    {"quantized::conv2d_add", convolution},
    {"quantized::conv2d_add_relu", convolution},
    {"quantized::conv2d_dynamic", convolution},
    {"quantized::conv2d_relu", convolution},
    {"quantized::conv3d", convolution},
    {"quantized::conv3d_dynamic", convolution},
    {"quantized::conv3d_relu", convolution},
    {"quantized::conv_transpose1d", convolution},
    {"quantized::conv_transpose1d_dynamic", convolution},
    {"quantized::conv_transpose2d", convolution},
    {"quantized::conv_transpose2d_dynamic", convolution},
    {"quantized::conv_transpose3d", convolution},
    {"quantized::conv_transpose3d_dynamic", convolution},
    {"quantized::linear", linear},
    {"quantized::linear_dynamic", linear},
    {"quantized::linear_leaky_relu", linear},
    {"quantized::linear_relu", linear},
    {"quantized::linear_relu_dynamic", linear},
    {"quantized::linear_tanh", linear},
    {"quantized::linear_with_input_q_dq_qweight_dq_output_fp32", linear},
    {"quantized::linear_with_input_q_dq_qweight_dq_relu_output_fp32", linear},
    {"quantized::matmul", matmul},
    {"sparse::qlinear", linear},
    {"sparse::qlinear_dynamic", linear},
    {"sparse::qlinear_relu", linear},
    {"sparse::qlinear_relu_dynamic", linear},
};

}  // namespace

absl::Span<const Nest> quantized_nests() { return kNests; }

}  // namespace torchtally::loop_nests
