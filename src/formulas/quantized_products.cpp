// Linear layers and convolutions on quantized numbers, or with a weight in half precision. Note [Quantized arithmetic]; products
// as in Note [MACs of a convolution].
#include <string_view>

#include "formulas/families.h"
#include "formulas/quantized.h"

namespace torchtally::formulas {
namespace {

bool is_floating(DType dtype) { return !is_quantized(dtype); }

// What oneDNN does with the output of a product, by name.
Work post_op(std::string_view name, std::string_view algorithm) {
  if (name == "relu" || name == "leaky_relu") return {1, 0};
  if (name == "hardtanh" || name == "relu6") return {2, 0};
  if (name == "hardsigmoid") return {4, 0};
  if (name == "hardswish") return {5, 0};
  if (name == "swish") return {1, 1};
  if (name == "tanh" || name == "sigmoid") return {0, 1};
  if (name == "gelu") return algorithm == "tanh" ? kGeluTanh : kGelu;
  return {};
}

// A second operand that is added to the output, dequantized first.
void add_binary(Cost& cost, const OpCall& call, std::string_view operation, const TensorView& operand) {
  if (operation.empty() || operation == "none") return;
  cost.flops += cost.activations * (is_quantized(operand.dtype()) ? 1 + kDequantize : 1);
  const Argument& alpha = call.argument("alpha").is_none() ? call.argument("binary_alpha") : call.argument("alpha");
  if (scales(alpha)) cost.flops += cost.activations;
}

// Linear layers and convolutions name the same things differently.
void add_post_ops(const OpCall& call, Cost& cost) {
  add_work(cost, cost.activations, post_op(call.argument("post_op_name").string(), call.argument("post_op_algorithm").string()));
  add_work(cost, cost.activations, post_op(call.argument("attr").string(), call.argument("algorithm").string()));
  add_binary(cost, call, call.argument("binary_post_op").string(), call.tensor("other"));
  add_binary(cost, call, call.argument("binary_attr").string(), call.tensor("qaccum"));
  add_work(cost, cost.activations,
           post_op(call.argument("unary_post_op").string(), call.argument("unary_post_op_algorithm").string()));
  add_work(cost, cost.activations, post_op(call.argument("unary_attr").string(), call.argument("unary_algorithm").string()));
}

// Input in floating point is quantized first; into a range that is given, or into its own.
void add_quantized_input(const OpCall& call, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  if (!input.defined() || !is_floating(input.dtype())) return;
  const bool range_is_given = !call.argument("X_scale").is_none();
  cost.flops += input.numel() * (range_is_given ? kQuantize : kRange + kQuantize);
}

// A weight that is a tensor comes with its bias, if there is one.
bool has_bias(const OpCall& call) {
  for (const std::string_view weight : {"qw", "weight", "w"}) {
    if (call.argument(weight).kind() == Argument::Kind::kTensor) return call.tensor("bias").defined();
  }
  return true;
}

void add_output(const OpCall& call, Cost& cost, Work fused) {
  const int scaled = is_floating(call.output().dtype()) ? 1 : kQuantize;
  cost.flops += cost.activations * (1 + scaled);
  if (has_bias(call)) cost.flops += cost.activations;
  add_work(cost, cost.activations, fused);
  add_post_ops(call, cost);
}

// Every output element is a sum over the input's features: the weight need not be known.
void add_linear(const OpCall& call, Cost& cost) { cost.add_macs(call.output().numel() * call.tensor(std::size_t{0}).size(-1)); }

void count_quantized_linear(const OpCall& call, const Row& row, Cost& cost) {
  add_linear(call, cost);
  add_quantized_input(call, cost);
  add_output(call, cost, row.each);
}

// Products in floating point, of a weight in half precision: row.each and the bias per output.
void count_half_linear(const OpCall& call, const Row& row, Cost& cost) {
  add_linear(call, cost);
  add_work(cost, cost.activations, row.each);
  if (has_bias(call)) cost.flops += cost.activations;
}

// Floating point in and out: the output is quantized, and dequantized again. The weight, where it is not packed, is quantized.
void count_wrapped_quantized_linear(const OpCall& call, const Row&, Cost& cost) {
  add_linear(call, cost);
  cost.flops += (call.tensor(std::size_t{0}).numel() + call.tensor("W").numel()) * kQuantize;
  cost.flops += cost.activations * (2 + kQuantize + kDequantize);
}

// (qa, qb, scale, zero_point): no bias.
void count_quantized_matmul(const OpCall& call, const Row&, Cost& cost) {
  add_linear(call, cost);
  cost.flops += cost.activations * (1 + kQuantize);
}

// The packed weight, or the tensor qw.
const TensorView& weight_of(const OpCall& call) {
  const TensorView& tensor = call.tensor("qw");
  if (tensor.defined()) return tensor;
  for (std::size_t i = 1; i < 3; ++i) {
    if (call.argument(i).kind() == Argument::Kind::kPackedWeight) return call.tensor(i);
  }
  return Argument::none().tensor();
}

void add_convolution(const OpCall& call, const Row& row, Cost& cost, bool transposed) {
  const TensorView& swept = transposed ? call.tensor(std::size_t{0}) : call.output();
  cost.add_macs(swept.size(0) * positions(swept, 2) * weight_of(call).numel());
  add_quantized_input(call, cost);
  add_output(call, cost, row.each);
}

void count_quantized_convolution(const OpCall& call, const Row& row, Cost& cost) { add_convolution(call, row, cost, false); }

void count_quantized_transposed_convolution(const OpCall& call, const Row& row, Cost& cost) {
  add_convolution(call, row, cost, true);
}

constexpr std::string_view kProducts =
    "the products of the layer in floating point; aten/src/ATen/native/quantized/cpu: the rest";

}  // namespace

const Family quantized_linear = {
    count_quantized_linear,
    "macs = elements of the output · features of the input, in integers (blocks of zeros that a sparse kernel skips too); per "
    "output: 1 to take off the zero points, 1 for the bias, 5 to quantize or 1 to scale, what is fused; a dynamic one quantizes "
    "its input: 7 per element (minimum, maximum, 5), 5 if the range is given",
    kProducts, true};
const Family half_linear = {count_half_linear,
                            "macs = elements of the output · features of the input, in single precision; per output: 1 for the "
                            "bias, what is fused",
                            "torch.utils.flop_counter, mm_flop"};
const Family wrapped_quantized_linear = {count_wrapped_quantized_linear,
                                         "macs = elements of the output · features of the input, in integers; 5 per element of "
                                         "the input, and of the weight if it is not "
                                         "packed, to quantize; per output: zero points, bias, 5 to quantize, 2 to dequantize",
                                         kProducts, true};
const Family quantized_matmul = {
    count_quantized_matmul,
    "macs = elements of the output · columns of the left matrix, in integers; per output: zero points, 5 to quantize", kProducts,
    true};
const Family quantized_convolution = {count_quantized_convolution,
                                      "macs = N · output positions · weight elements, in integers (0 if the packed weight can't "
                                      "be unpacked); inputs and outputs as "
                                      "those of a quantized linear layer",
                                      kProducts, true};
const Family quantized_transposed_convolution = {
    count_quantized_transposed_convolution,
    "macs = N · input positions · weight elements, in integers (0 if the packed weight can't be unpacked); inputs and outputs as "
    "those of a quantized linear layer",
    kProducts, true};

}  // namespace torchtally::formulas
