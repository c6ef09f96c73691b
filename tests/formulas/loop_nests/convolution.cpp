// Every backend's convolution, forward and backward.
#include "convolution.h"

#include <gtest/gtest.h>

namespace torchtally::loop_nests {
namespace {

// What an entry is for, by its name and arguments.
Convolution draw_for(const NestCall& call, Draw& draw) {
  const auto named = [&call](std::string_view part) { return call.op().find(part) != std::string_view::npos; };
  Convolution::Limits limits;
  if (!call.has("transposed")) limits.transposed = named("transpose");
  if (named("2d") || named("spatial") || named("depthwise") || named("mps") || named("prepacked")) limits.dims = 2;
  if (named("3d")) limits.dims = 3;
  limits.depthwise = named("depthwise");
  limits.grouped = call.has("groups") || named("prepacked");
  limits.dilated = call.has("dilation");
  return Convolution::random(draw, limits);
}

std::int64_t if_there(bool there, std::int64_t count) { return there ? count : 0; }

// (input, weight, ...); a complex multiply-add is four.
void forward(NestCall& call, Draw& draw) {
  const Convolution conv = draw_for(call, draw);
  const bool complex = draw.coin();
  const DType dtype = complex ? DType::kComplex64 : DType::kFloat32;
  const bool bias = call.has("bias") && conv.bias;
  call.tensor(call.name(0), conv.input(), dtype).tensor("weight", conv.weight(), dtype).returns(conv.output(), dtype);
  if (bias) call.tensor("bias", {conv.out}, dtype);
  add_geometry(call, conv);
  EXPECT_THAT(call.cost(), Costs(conv.multiply_adds() * (complex ? 4 : 1), if_there(bias, conv.outputs()), 0));
}

void forward_relu(NestCall& call, Draw& draw) {
  const Convolution conv = draw_for(call, draw);
  call.tensor("self", conv.input()).tensor("weight", conv.weight()).returns(conv.output());
  if (conv.bias) call.tensor("bias", {conv.out});
  std::int64_t per_output = conv.bias ? 2 : 1;
  if (call.has("z")) {
    const std::int64_t alpha = draw(1, 2);
    call.tensor("z", conv.output()).integer("alpha", alpha);
    per_output += alpha;  // z is added, and times alpha if that is not one
  }
  add_geometry(call, conv);
  EXPECT_THAT(call.cost(), Costs(conv.multiply_adds(), per_output * conv.outputs(), 0));
}

// oneDNN's, followed by a sigmoid; or by a sum with another operand and a relu.
void forward_pointwise(NestCall& call, Draw& draw) {
  const Convolution conv = draw_for(call, draw);
  call.tensor("X", conv.input()).tensor("W", conv.weight()).returns(conv.output());
  if (conv.bias) call.tensor("B", {conv.out});
  add_geometry(call, conv);
  const std::int64_t bias = if_there(conv.bias, conv.outputs());
  if (call.has("other")) {
    call.tensor("other", conv.output()).text("binary_attr", "add").text("unary_attr", "relu");
    EXPECT_THAT(call.cost(), Costs(conv.multiply_adds(), bias + 2 * conv.outputs(), 0));
  } else {
    call.text("attr", "sigmoid");
    EXPECT_THAT(call.cost(), Costs(conv.multiply_adds(), bias, conv.outputs()));
  }
}

// The object shows its weight.
void prepacked(NestCall& call, Draw& draw) {
  const Convolution conv = draw_for(call, draw);
  call.tensor("X", conv.input()).packed("W_prepack", conv.weight(), DType::kFloat32).returns(conv.output());
  EXPECT_THAT(call.cost(), Costs(conv.multiply_adds(), 0, 0));
}

// (time, batch, in) and (taps, in, out): a convolution along the first dimension, at padded steps too.
void time_batch_channels(NestCall& call, Draw& draw) {
  const std::int64_t taps = draw(1, 3), pad = draw(0, 2), time = draw(3, 6), batch = draw(), in = draw(), out = draw();
  const std::int64_t steps = time + 2 * pad - taps + 1;
  call.tensor("self", {time, batch, in}).tensor("weight", {taps, in, out}).tensor("bias", {out}).integer("pad", pad);
  call.returns({steps, batch, out});
  EXPECT_THAT(call.cost(), Costs(loops({steps, batch, out, taps, in}), steps * batch * out, 0));
}

// The gradients of input and weight have the forward's loops, each: d_input scatters what the forward gathered, d_weight sums
// what the forward multiplied.
void backward(NestCall& call, Draw& draw) {
  const Convolution conv = draw_for(call, draw);
  const bool input = draw.coin(), weight = draw.coin(), bias = draw.coin();
  call.tensor("grad_output", conv.output()).tensor(call.has("input") ? "input" : "self", conv.input());
  call.tensor("weight", conv.weight()).returns(conv.input()).returns(conv.weight()).returns({conv.out});
  add_geometry(call, conv);
  const bool has_bias = call.op() != "aten::mps_convolution_transpose_backward";
  call.flags("output_mask", has_bias ? std::vector<bool>{input, weight, bias} : std::vector<bool>{input, weight});
  const std::int64_t once = conv.multiply_adds();
  EXPECT_THAT(call.cost(), Costs(if_there(input, once) + if_there(weight, once), if_there(bias && has_bias, conv.outputs()), 0));
}

// Sampled where the offsets say, then as any other; the gradients of what was sampled and of the weight.
void deformable(NestCall& call, Draw& draw) {
  Convolution::Limits limits;
  limits.transposed = false;
  limits.dims = 2;
  const Convolution conv = Convolution::random(draw, limits);
  const bool backward = call.has("grad");
  if (backward) call.tensor("grad", conv.output());
  call.tensor("input", conv.input()).tensor("weight", conv.weight()).integer("offset_groups", 1).integer("groups", conv.groups);
  call.returns(backward ? conv.input() : conv.output());
  EXPECT_EQ(call.cost().macs, conv.multiply_adds() * (backward ? 2 : 1));
}

constexpr Nest kNests[] = {
    {"aten::_conv_depthwise2d", forward},
    {"aten::_convolution", forward},
    {"aten::_mps_convolution", forward},
    {"aten::_mps_convolution_transpose", forward},
    {"aten::_nnpack_spatial_convolution", forward},
    {"aten::_slow_conv2d_backward", backward},
    {"aten::_slow_conv2d_forward", forward},
    {"aten::conv_depthwise3d", forward},
    {"aten::conv_tbc", time_batch_channels},
    {"aten::convolution", forward},
    {"aten::convolution_backward", backward},
    {"aten::convolution_backward_overrideable", backward},
    {"aten::convolution_overrideable", forward},
    {"aten::cudnn_convolution", forward},
    {"aten::cudnn_convolution_add_relu", forward_relu},
    {"aten::cudnn_convolution_relu", forward_relu},
    {"aten::cudnn_convolution_transpose", forward},
    {"aten::miopen_convolution", forward},
    {"aten::miopen_convolution_add_relu", forward_relu},
    {"aten::miopen_convolution_relu", forward_relu},
    {"aten::miopen_convolution_transpose", forward},
    {"aten::miopen_depthwise_convolution", forward},
    {"aten::mkldnn_convolution", forward},
    {"aten::mps_convolution_backward", backward},
    {"aten::mps_convolution_transpose_backward", backward},
    {"aten::slow_conv3d_forward", forward},
    {"aten::slow_conv_dilated2d", forward},
    {"aten::slow_conv_dilated3d", forward},
    {"aten::slow_conv_transpose2d", forward},
    {"aten::slow_conv_transpose3d", forward},
    {"mkldnn::_convolution_pointwise", forward_pointwise},
    {"mkldnn::_convolution_transpose_pointwise", forward_pointwise},
    {"mkldnn_prepacked::conv2d_run", prepacked},
    {"prepacked::conv2d_clamp_run", prepacked},
    {"prepacked::conv2d_transpose_clamp_run", prepacked},
    {"torchvision::_deform_conv2d_backward", deformable},
    {"torchvision::deform_conv2d", deformable},
};

}  // namespace

absl::Span<const Nest> convolution_nests() { return kNests; }

}  // namespace torchtally::loop_nests
