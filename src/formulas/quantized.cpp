// Quantized elementwise operators and normalizations, quantization itself and its imitation in training. Note [Quantized
// arithmetic].
#include "formulas/quantized.h"

#include <string_view>

#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

Count quantized_elements(const Argument& argument) {
  Count n;
  for (const TensorView& tensor : argument.tensors()) {
    const bool quantized = (tensor.dtype() >= DType::kQInt8 && tensor.dtype() <= DType::kQInt32) ||
                           tensor.dtype() == DType::kQUInt4x2 || tensor.dtype() == DType::kQUInt2x4;
    if (quantized) n += tensor.numel();
  }
  return n;
}

// The out argument of quantized operators is a positional one, so that it looks as if it were read.
void leave_out_unread(const OpCall& call, Cost& cost) {
  const Count out = call.tensor("out").bytes();
  if (cost.bytes_read.saturated() || cost.bytes_read < out) return;
  cost.bytes_read = cost.bytes_read - out;
}

void add_quantized_output(const OpCall& call, Cost& cost) {
  if (is_quantized(call.output().dtype())) cost.flops += cost.activations * kQuantize;
}

// row.each on dequantized numbers.
void count_quantized_pointwise(const OpCall& call, const Row& row, Cost& cost) {
  leave_out_unread(call, cost);
  add_work(cost, cost.activations, row.each);
  cost.flops += cost.activations * kDequantize;
  add_quantized_output(call, cost);
}

// row.each on two dequantized numbers, row.result on what comes out. With a number instead of a tensor only scale or zero point
// change, and row.result is done on the integers.
void count_quantized_pair(const OpCall& call, const Row& row, Cost& cost) {
  leave_out_unread(call, cost);
  const bool second = call.tensor(1).defined() || call.tensor("other").defined();
  const bool both = call.tensor(std::size_t{0}).defined() && second;
  add_work(cost, cost.activations, row.result);
  if (!both) return;
  add_work(cost, cost.activations, row.each);
  cost.flops += cost.activations * (2 * kDequantize);
  add_quantized_output(call, cost);
}

void count_quantized_scalar(const OpCall& call, const Row& row, Cost& cost) {
  leave_out_unread(call, cost);
  add_work(cost, cost.activations, row.each);
}

// (input, ..., weight, bias, ...): statistics of each group of elements.
void add_normalization(const OpCall& call, Cost& cost, Count groups) {
  const Count elements = call.tensor(std::size_t{0}).numel();
  add_work(cost, elements, kNormalizePerElement);
  add_work(cost, groups, kNormalizePerGroup);
  if (call.tensor("weight").defined()) cost.flops += elements;
  if (call.tensor("bias").defined()) cost.flops += elements;
  cost.flops += elements * (kDequantize + kQuantize);
}

void count_quantized_layer_norm(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  const int normalized = static_cast<int>(call.argument("normalized_shape").ints().size());
  Count groups = input.defined() ? 1 : 0;
  for (int d = 0; d < input.dim() - normalized; ++d) groups *= input.size(d);
  add_normalization(call, cost, groups);
}

void count_quantized_group_norm(const OpCall& call, const Row&, Cost& cost) {
  add_normalization(call, cost, call.tensor(std::size_t{0}).size(0) * call.argument("num_groups").to_int());
}

void count_quantized_instance_norm(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  add_normalization(call, cost, input.size(0) * input.size(1));
}

// Per element: times the channel's factor, plus its shift, row.each. Per channel: variance + epsilon, rsqrt, times weight; times
// mean, bias minus that.
void count_quantized_batch_norm(const OpCall& call, const Row& row, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  add_work(cost, input.numel(), row.each);
  cost.flops += input.numel() * (kDequantize + 2);
  add_quantized_output(call, cost);
  add_work(cost, input.size(1), {4, 1});
}

void count_dequantize(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += quantized_elements(call.argument(std::size_t{0})) * kDequantize;
}

// (grad, self, scale, zero_point, ...). Per element: quantized without clamping (3), times the mask (1); clamped and dequantized
// (4), minus the input, times the gradient, the inverse scale and its factor (4); the gradients of scale and zero point added up
// (2).
void count_learnable_fake_quantize_backward(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += call.tensor(std::size_t{0}).numel() * 14;
}

constexpr std::string_view kSwitches[] = {"observer_on", "fake_quant_on"};

// A switch whose value can't be read is on.
bool is_on(const OpCall& call, std::string_view name) {
  const auto values = call.tensor(name).values();
  return values.empty() || values[0] != 0;
}

// Observer: minimum and maximum of every element; per range the moving averages of both, 3 each, and scale and zero point from
// them: difference, division; division, difference, rounding, minimum and maximum. Fake quantization: both ways.
void count_observed_fake_quantize(const OpCall& call, const Row&, Cost& cost) {
  const Count elements = call.tensor(std::size_t{0}).numel();
  const Count ranges = call.tensor("running_min").numel();
  if (is_on(call, "observer_on")) cost.flops += elements * kRange + ranges * (6 + 7);
  if (is_on(call, "fake_quant_on")) cost.flops += elements * (kQuantize + kDequantize);
}

constexpr std::string_view kNormalization =
    "per element: 7 to dequantize and quantize, 5 to normalize, 1 each for weight and bias; per group 3, and a root";
constexpr std::string_view kKernels = "aten/src/ATen/native/quantized/cpu: the kernels' arithmetic, in floating point";

}  // namespace

const Family quantized_pointwise = {
    count_quantized_pointwise,
    "per output element: 2 to dequantize, what the row says, 5 to quantize (scaled, rounded, shifted, clamped)", kKernels};
const Family quantized_pair = {count_quantized_pair,
                               "per output element: 2 to dequantize each input, what the row says, 5 to quantize; with a number "
                               "for an operand only scale and zero point change, and elements are copied (a relu: 1)",
                               kKernels};
const Family quantized_scalar = {count_quantized_scalar,
                                 "only scale and zero point change, elements are copied; a relu is 1 per output element",
                                 "aten/src/ATen/native/quantized/cpu/BinaryOps.cpp: the usual case"};
const Family quantized_layer_norm = {count_quantized_layer_norm, kNormalization, kKernels};
const Family quantized_group_norm = {count_quantized_group_norm, kNormalization, kKernels};
const Family quantized_instance_norm = {count_quantized_instance_norm, kNormalization, kKernels};
const Family quantized_batch_norm = {
    count_quantized_batch_norm,
    "per element: 2 to dequantize, a product, an addition, 5 to quantize, 1 for a relu; per channel 4, and a root", kKernels};
const Family dequantize = {count_dequantize, "2 per quantized element: minus the zero point, times the scale; a cast is free",
                           "textbook definition"};
const Family learnable_fake_quantize_backward = {
    count_learnable_fake_quantize_backward,
    "per element 14: quantized and masked 4, dequantized 4, the scale's gradient 4, sums for scale and zero point 2",
    "aten/src/ATen/native/quantized/cpu/kernels/QuantizedOpKernels.cpp: the kernel's arithmetic inside the range"};
const Family observed_fake_quantize = {
    count_observed_fake_quantize,
    "observer on: 2 per element (minimum, maximum), 13 per range (moving averages, scale, zero "
    "point); fake quantization on: 7 per element. Both on if that can't be read",
    "aten/src/ATen/native/quantized/cpu/fused_obs_fake_quant.cpp: the kernel's arithmetic", false, kSwitches};

}  // namespace torchtally::formulas
