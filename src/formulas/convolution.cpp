// Note [MACs of a convolution]
// The weight (out, in / groups, k...) is applied once at every output position of every sample, at padded positions too; the
// weight (in, out / groups, k...) of a transposed convolution once at every input position. So, with N samples,
//   macs = N * (output positions; input positions if transposed) * (elements of the weight),
// whatever stride, padding, dilation and groups are. The gradients of input and weight cost as much as the forward, each.
#include "formulas/building_blocks.h"
#include "formulas/families.h"
#include "formulas/fused_activation.h"

namespace torchtally::formulas {
namespace {

// `swept`: (N, channels, positions...), the tensor at whose positions the weight is applied.
Count products(const TensorView& swept, const TensorView& weight) { return swept.size(0) * positions(swept, 2) * weight.numel(); }

// Backends name their arguments differently but agree that the input comes first, the weight second.
void add_convolution(const OpCall& call, Cost& cost, bool transposed) {
  const TensorView& input = call.tensor(std::size_t{0});
  add_products(cost, products(transposed ? input : call.output(), call.tensor(1)), input.dtype());
  if (call.tensor("bias").defined()) cost.flops += cost.activations;
}

// oneDNN's: by name, since its in-place entry has the other operand first.
void add_pointwise_convolution(const OpCall& call, Cost& cost, bool transposed) {
  const TensorView& input = call.tensor("X");
  add_products(cost, products(transposed ? input : call.output(), call.tensor("W")), input.dtype());
  if (call.tensor("B").defined()) cost.flops += cost.activations;
  add_fused_pointwise(call, cost);
}

// A weight that its object does not show counts as 1x1 and without groups.
void add_prepacked_convolution(const OpCall& call, Cost& cost, bool transposed) {
  const TensorView& input = call.tensor(std::size_t{0});
  const TensorView& output = call.output();
  const TensorView& weight = call.tensor(1);
  const TensorView& swept = transposed ? input : output;
  const Count elements = weight.defined() ? weight.numel() : input.size(1) * output.size(1);
  cost.add_macs(swept.size(0) * positions(swept, 2) * elements);
}

void add_gradients(const OpCall& call, Cost& cost, const TensorView& grad, const TensorView& input, const TensorView& weight,
                   bool transposed) {
  const Count product = products(transposed ? input : grad, weight);
  if (wants_gradient(call, 0)) add_products(cost, product, grad.dtype());
  if (wants_gradient(call, 1)) add_products(cost, product, grad.dtype());
  if (wants_gradient(call, 2)) cost.flops += grad.numel();
}

void count_convolution(const OpCall& call, const Row&, Cost& cost) {
  add_convolution(call, cost, call.argument("transposed").to_bool());
}

void count_convolution_relu(const OpCall& call, const Row& row, Cost& cost) {
  count_convolution(call, row, cost);
  cost.flops += cost.activations;
}

// relu(convolution + alpha * z)
void count_convolution_add_relu(const OpCall& call, const Row& row, Cost& cost) {
  count_convolution(call, row, cost);
  cost.flops += cost.activations * (scales(call.argument("alpha")) ? 3 : 2);
}

void count_transposed_convolution(const OpCall& call, const Row&, Cost& cost) { add_convolution(call, cost, true); }

void count_pointwise_convolution(const OpCall& call, const Row&, Cost& cost) { add_pointwise_convolution(call, cost, false); }

void count_pointwise_transposed_convolution(const OpCall& call, const Row&, Cost& cost) {
  add_pointwise_convolution(call, cost, true);
}

void count_prepacked_convolution(const OpCall& call, const Row&, Cost& cost) { add_prepacked_convolution(call, cost, false); }

void count_prepacked_transposed_convolution(const OpCall& call, const Row&, Cost& cost) {
  add_prepacked_convolution(call, cost, true);
}

// self (time, batch, in), weight (k, in, out), bias.
void count_time_batch_convolution(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& output = call.output();
  const TensorView& weight = call.tensor(1);
  add_products(cost, output.size(0) * output.size(1) * weight.numel(), weight.dtype());
  if (call.tensor(2).defined()) cost.flops += cost.activations;
}

// (grad_output, input, weight, ...); the bias gradient is a sum.
void count_convolution_backward(const OpCall& call, const Row&, Cost& cost) {
  add_gradients(call, cost, call.tensor(std::size_t{0}), call.tensor(1), call.tensor(2), call.argument("transposed").to_bool());
}

void count_slow_convolution_backward(const OpCall& call, const Row&, Cost& cost) {
  add_gradients(call, cost, call.tensor(std::size_t{0}), call.tensor(1), call.tensor(2), false);
}

// (self, grad_output, weight, ...)
void count_mps_convolution_backward(const OpCall& call, const Row&, Cost& cost) {
  add_gradients(call, cost, call.tensor(1), call.tensor(std::size_t{0}), call.tensor(2), false);
}

// Likewise, without a gradient of the bias.
void count_mps_transposed_convolution_backward(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  for (const std::size_t gradient : {0, 1}) {
    if (wants_gradient(call, gradient)) add_products(cost, products(input, call.tensor(2)), input.dtype());
  }
}

constexpr std::string_view kConvFlop = "torch.utils.flop_counter, conv_flop; fvcore, conv_flop_jit";
// FlopCounterMode multiplies the gradient of a grouped weight by the groups, which no kernel does.
constexpr std::string_view kConvBackwardFlop = "torch.utils.flop_counter, conv_backward_flop, but for groups; the loop nest";
constexpr std::string_view kOneDnn = "torch.utils.flop_counter, conv_flop; oneDNN: convolution with post-operations";

}  // namespace

const Family convolution = {
    count_convolution,
    "macs = N · out positions · weight elements (in positions if transposed; complex: 4 times); flops += outputs "
    "if there is a bias",
    kConvFlop, true};
const Family convolution_relu = {
    count_convolution_relu, "macs = N · out positions · weight elements; flops += outputs for relu, outputs if there is a bias",
    kConvFlop, true};
const Family convolution_add_relu = {count_convolution_add_relu,
                                     "macs = N · out positions · weight elements; flops += 2 outputs for z and relu, outputs if "
                                     "alpha is not 1, outputs if there is a bias",
                                     kConvFlop, true};
const Family transposed_convolution = {count_transposed_convolution,
                                       "macs = N · in positions · weight elements; flops += outputs if there is a bias",
                                       kConvFlop, true};
const Family pointwise_convolution = {
    count_pointwise_convolution,
    "macs = N · out positions · weight elements; flops, transcendentals += bias, other operand, activation, per output", kOneDnn,
    true};
const Family pointwise_transposed_convolution = {
    count_pointwise_transposed_convolution,
    "macs = N · in positions · weight elements; flops, transcendentals += bias, activation, per output", kOneDnn, true};
const Family prepacked_convolution = {count_prepacked_convolution,
                                      "macs = N · out positions · weight elements (in · out channels if the object does not show "
                                      "its weight); what follows the product "
                                      "inside the object is not seen",
                                      kConvFlop, true};
const Family prepacked_transposed_convolution = {count_prepacked_transposed_convolution,
                                                 "macs = N · in positions · weight elements (in · out channels if the object "
                                                 "does not show its weight); what follows the product "
                                                 "inside the object is not seen",
                                                 kConvFlop, true};
const Family time_batch_convolution = {
    count_time_batch_convolution,
    "macs = time · batch · weight elements, at padded positions too; flops += outputs if there is a bias", kConvFlop, true};
const Family convolution_backward = {
    count_convolution_backward,
    "macs = the forward's, each for input and weight if asked for; flops += gradient's elements for the bias", kConvBackwardFlop,
    true};
const Family slow_convolution_backward = {
    count_slow_convolution_backward,
    "macs = the forward's, each for input and weight if asked for; flops += gradient's elements for the bias", kConvBackwardFlop,
    true};
const Family mps_convolution_backward = {
    count_mps_convolution_backward,
    "macs = the forward's, each for input and weight if asked for; flops += gradient's elements for the bias", kConvBackwardFlop,
    true};
const Family mps_transposed_convolution_backward = {count_mps_transposed_convolution_backward,
                                                    "macs = the forward's, each for input and weight if asked for",
                                                    kConvBackwardFlop, true};

}  // namespace torchtally::formulas
