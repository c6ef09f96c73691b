// Linear layers in floating point: out[r][o] = sum of input[r][i] weight[o][i]. However the weight is packed.
#include <gtest/gtest.h>

#include "loop_nest.h"

namespace torchtally::loop_nests {
namespace {

// A layer and its rows, of two dimensions.
struct Layer {
  explicit Layer(Draw& draw) : batch(draw()), rows(draw()), in(draw()), out(draw()), bias(draw.coin()) {}

  Shape input() const { return {batch, rows, in}; }
  Shape output() const { return {batch, rows, out}; }
  Shape weight() const { return {out, in}; }
  std::int64_t outputs() const { return batch * rows * out; }
  std::int64_t multiply_adds() const { return loops({batch, rows, out, in}); }

  std::int64_t batch, rows, in, out;
  bool bias;
};

void linear(NestCall& call, Draw& draw) {
  const Layer layer(draw);
  if (layer.bias) call.tensor("bias", {layer.out});
  call.tensor("weight", layer.weight());
  if (draw.coin()) {
    call.nested(call.name(0), {{layer.rows, layer.in}, {layer.batch, layer.in}});
    call.returns_nested({{layer.rows, layer.out}, {layer.batch, layer.out}});
    const std::int64_t rows = layer.rows + layer.batch;
    EXPECT_THAT(call.cost(), Costs(loops({rows, layer.out, layer.in}), layer.bias ? rows * layer.out : 0, 0));
    return;
  }
  call.tensor(call.name(0), layer.input()).returns(layer.output());
  EXPECT_THAT(call.cost(), Costs(layer.multiply_adds(), layer.bias ? layer.outputs() : 0, 0));
}

// d_input[r][i] = sum of grad[r][o] weight[o][i]; d_weight[o][i] = sum of grad[r][o] input[r][i]; d_bias[o] = sum of grad[r][o]
void linear_backward(NestCall& call, Draw& draw) {
  const Layer layer(draw);
  const bool input = draw.coin(), weight = draw.coin(), bias = draw.coin();
  call.tensor("self", layer.input()).tensor("grad_output", layer.output()).tensor("weight", layer.weight());
  call.flags("output_mask", {input, weight, bias}).returns(layer.input()).returns(layer.weight()).returns({layer.out});
  const std::int64_t once = layer.multiply_adds();
  EXPECT_THAT(call.cost(), Costs((input ? once : 0) + (weight ? once : 0), bias ? layer.outputs() : 0, 0));
}

void linear_backward_input(NestCall& call, Draw& draw) {
  const Layer layer(draw);
  call.integers("input_size", layer.input()).tensor("grad_output", layer.output()).tensor("weight", layer.weight());
  call.returns(layer.input());
  EXPECT_THAT(call.cost(), Costs(layer.multiply_adds(), 0, 0));
}

void linear_backward_weights(NestCall& call, Draw& draw) {
  const Layer layer(draw);
  call.tensor("grad_output", layer.output()).tensor("input", layer.input()).tensor("weight", layer.weight());
  call.flag("bias_defined", layer.bias).returns(layer.weight()).returns({layer.out});
  EXPECT_THAT(call.cost(), Costs(layer.multiply_adds(), layer.bias ? layer.outputs() : 0, 0));
}

// The packed weight does not show its size. Each weight is taken out of four bits: 3; or comes with a scale.
void packed(NestCall& call, Draw& draw, std::int64_t per_weight, std::int64_t per_output) {
  const Layer layer(draw);
  call.tensor(call.name(0), layer.input(), DType::kBFloat16).tensor(call.name(1), {1, 2, 3, 4}, DType::kInt32);
  call.returns(layer.output(), DType::kBFloat16);
  const std::int64_t others = per_weight * layer.in * layer.out + per_output * layer.outputs();
  EXPECT_THAT(call.cost(), Costs(layer.multiply_adds(), others, 0));
}
void four_bits(NestCall& call, Draw& draw) { packed(call, draw, 3, 0); }
void eight_bits(NestCall& call, Draw& draw) { packed(call, draw, 0, 1); }
void mixed_dtypes(NestCall& call, Draw& draw) { packed(call, draw, 1, 0); }

// Inputs and weights in eight and four bits: 4 per input, 2 per output and block.
void dynamically_quantized(NestCall& call, Draw& draw) {
  const Layer layer(draw);
  const std::int64_t blocks = draw(1, 3), in = blocks * layer.in;
  call.tensor("inp", {layer.rows, in}).tensor("packed_weights", {77}, DType::kUInt8).integer("block_size", layer.in);
  call.integer("in_features", in).integer("out_features", layer.out).returns({layer.rows, layer.out});
  const std::int64_t others = 4 * layer.rows * in + 2 * blocks * layer.rows * layer.out;
  EXPECT_THAT(call.cost(), Costs(loops({layer.rows, layer.out, in}), others, 0));
}

void mkl_linear(NestCall& call, Draw& draw) {
  const Layer layer(draw);
  call.tensor("X", layer.input()).tensor("MKL_W", {77}).tensor("ORI_W", layer.weight()).integer("batch_size", layer.rows);
  if (layer.bias) call.tensor("B", {layer.out});
  call.returns(layer.output());
  EXPECT_THAT(call.cost(), Costs(layer.multiply_adds(), layer.bias ? layer.outputs() : 0, 0));
}

// Followed by a relu, or by another operand that is added.
void pointwise(NestCall& call, Draw& draw) {
  const Layer layer(draw);
  call.tensor("X", layer.input()).tensor("W", layer.weight()).returns(layer.output());
  if (layer.bias) call.tensor("B", {layer.out});
  if (call.has("other")) {
    call.tensor("other", layer.output()).text("attr", "add");
  } else {
    call.text("attr", "relu");
  }
  EXPECT_THAT(call.cost(), Costs(layer.multiply_adds(), layer.outputs() * (layer.bias ? 2 : 1), 0));
}

void prepacked(NestCall& call, Draw& draw) {
  const Layer layer(draw);
  call.tensor("X", layer.input()).other("W_prepack").returns(layer.output());
  EXPECT_THAT(call.cost(), Costs(layer.multiply_adds(), 0, 0));
}

// A weight in half precision, packed or not: the packed one has a bias.
void half(NestCall& call, Draw& draw) {
  const Layer layer(draw);
  const bool has_own_bias = call.has("bias") || call.has("B");
  const bool bias = !has_own_bias || call.has("B") || layer.bias;
  call.tensor(call.name(0), layer.input()).returns(layer.output());
  if (!has_own_bias) {
    call.packed(call.name(1), layer.weight(), DType::kFloat16);
  } else {
    call.tensor(call.name(1), layer.weight(), DType::kFloat16);
    if (bias) call.tensor(call.name(2), {layer.out});
  }
  const bool relu = call.op().find("relu") != std::string_view::npos;
  EXPECT_THAT(call.cost(), Costs(layer.multiply_adds(), layer.outputs() * ((bias ? 1 : 0) + (relu ? 1 : 0)), 0));
}

constexpr Nest kNests[] = {
    {"_quantized::wrapped_fbgemm_linear_fp16_weight", half},
    {"aten::_dyn_quant_matmul_4bit", dynamically_quantized},
    {"aten::_mixed_dtypes_linear", mixed_dtypes},
    {"aten::_weight_int4pack_mm", four_bits},
    {"aten::_weight_int4pack_mm_for_cpu", four_bits},
    {"aten::_weight_int4pack_mm_with_scales_and_zeros", four_bits},
    {"aten::_weight_int8pack_mm", eight_bits},
    {"aten::linear", linear},
    {"aten::linear_backward", linear_backward},
    {"aten::mkldnn_linear", linear},
    {"aten::mkldnn_linear_backward", linear_backward},
    {"aten::mkldnn_linear_backward_input", linear_backward_input},
    {"aten::mkldnn_linear_backward_weights", linear_backward_weights},
    {"mkl::_mkl_linear", mkl_linear},
    {"mkldnn::_linear_pointwise", pointwise},
    {"onednn::linear_dynamic_fp16", half},
    {"onednn::linear_relu_dynamic_fp16", half},
    {"prepacked::linear_clamp_run", prepacked},
    {"quantized::int4mm_packed_weight_cpu", four_bits},
    {"quantized::linear_dynamic_fp16", half},
    {"quantized::linear_dynamic_fp16_unpacked_weight", half},
    {"quantized::linear_relu_dynamic_fp16", half},
};

}  // namespace

absl::Span<const Nest> linear_layer_nests() { return kNests; }

}  // namespace torchtally::loop_nests
