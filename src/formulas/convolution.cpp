// Note [MACs of a convolution]
// The weight (out, in / groups, k...) is applied once at every output position of every sample, at padded positions too; the
// weight (in, out / groups, k...) of a transposed convolution once at every input position. So, with N samples,
//   macs = N * (output positions; input positions if transposed) * (elements of the weight),
// whatever stride, padding, dilation and groups are. The gradients of input and weight cost as much as the forward, each.
#include "formulas/building_blocks.h"
#include "formulas/families.h"

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

// (grad_output, input, weight, ...); the bias gradient is a sum.
void count_convolution_backward(const OpCall& call, const Row&, Cost& cost) {
  add_gradients(call, cost, call.tensor(std::size_t{0}), call.tensor(1), call.tensor(2), call.argument("transposed").to_bool());
}

void count_slow_convolution_backward(const OpCall& call, const Row&, Cost& cost) {
  add_gradients(call, cost, call.tensor(std::size_t{0}), call.tensor(1), call.tensor(2), false);
}

}  // namespace

const Family convolution = {count_convolution, "", ""};
const Family convolution_relu = {count_convolution_relu, "", ""};
const Family convolution_add_relu = {count_convolution_add_relu, "", ""};
const Family transposed_convolution = {count_transposed_convolution, "", ""};
const Family convolution_backward = {count_convolution_backward, "", ""};
const Family slow_convolution_backward = {count_slow_convolution_backward, "", ""};

}  // namespace torchtally::formulas
