#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

void count_per_output(const OpCall& call, const Row& row, Cost& cost) {
  add_work(cost, cost.activations, computes_complex(call) ? row.complex_each : row.each);
}

void count_per_input(const OpCall& call, const Row& row, Cost& cost) {
  const bool with_complex = computes_complex(call);
  add_work(cost, call.argument(std::size_t{0}).stored(), with_complex ? row.complex_each : row.each);
  if (call.output().defined()) add_work(cost, call.output().numel(), with_complex ? row.complex_result : row.result);
}

void count_per_gradient(const OpCall& call, const Row& row, Cost& cost) {
  count_per_input(call, row, cost);
  do_not_read(cost, call.tensor(1).bytes());
}

// A product with `factor` per output element, where it is not 1.
void add_scaling(const OpCall& call, Cost& cost, const Argument& factor) {
  if (scales(factor)) cost.flops += cost.activations * product_flops(computes_complex(call), factor);
}

// self + alpha * other
void count_scaled_sum(const OpCall& call, const Row& row, Cost& cost) {
  count_per_output(call, row, cost);
  add_scaling(call, cost, call.argument(2));
}

// self + value * tensor1 (* or /) tensor2
void count_scaled_addition(const OpCall& call, const Row& row, Cost& cost) {
  count_per_output(call, row, cost);
  add_scaling(call, cost, call.argument(3));
}

void count_product(const OpCall& call, const Row&, Cost& cost) {
  const bool by_real = is_real(call.argument(std::size_t{0})) || is_real(call.argument(1));
  cost.flops += cost.activations * (!computes_complex(call) ? 1 : by_real ? 2 : 6);
}

// The quotient, and the rounding where there is a rounding mode ("floor", "trunc").
void count_division(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += cost.activations * (!computes_complex(call) ? 1 : is_real(call.argument(1)) ? 2 : 11);
  if (call.argument(2).kind() == Argument::Kind::kString) cost.flops += cost.activations;
}

// To so many decimals: times a power of ten, rounded, divided by it.
void count_rounding(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += cost.activations * (call.argument("decimals").to_int() == 0 ? 1 : 3);
}

// (self, end, weight): self + weight * (end - self)
void count_lerp(const OpCall& call, const Row&, Cost& cost) {
  const bool with_complex = computes_complex(call);
  cost.flops += cost.activations * ((with_complex ? 4 : 2) + product_flops(with_complex, call.argument(2)));
}

// Exponents that the kernels know: 0 and 1 compute nothing, 2 and 3 are products, -1 and -2 reciprocals of those.
void count_power(const OpCall& call, const Row&, Cost& cost) {
  const bool with_complex = computes_complex(call);
  const int product = with_complex ? 6 : 1;
  const int reciprocal = with_complex ? 6 : 1;
  const Argument& argument = call.argument(1);
  const bool is_number = argument.kind() == Argument::Kind::kInt || argument.kind() == Argument::Kind::kFloat;
  const double exponent = is_number ? argument.to_float() : 0.5;
  if (exponent == 0 || exponent == 1) return;
  if (exponent == 2 || exponent == 3) {
    cost.flops += cost.activations * (exponent == 2 ? product : 2 * product);
  } else if (exponent == -1 || exponent == -2) {
    cost.flops += cost.activations * (exponent == -1 ? reciprocal : product + reciprocal);
  } else {
    cost.transcendentals += cost.activations * (with_complex ? 2 : 1);
  }
}

void count_clamp(const OpCall& call, const Row&, Cost& cost) {
  if (!call.argument(1).is_none()) cost.flops += cost.activations;
  if (!call.argument(2).is_none()) cost.flops += cost.activations;
}

void count_gelu(const OpCall& call, const Row&, Cost& cost) {
  add_work(cost, cost.activations, call.argument("approximate").string() == "tanh" ? kGeluTanh : kGelu);
}

// erf:  cdf = (1 + erf(x k)) / 2 is 3 and an erf; pdf = c exp(-x^2 / 2) is 3 and an exp; dy (cdf + x pdf) is 3.
// tanh: the inner polynomial 5, tanh; x / 2; 1 + tanh; half of it; 1 - tanh^2 is 2; the inner derivative 3; two products; the
// sum,
//       times dy.
void count_gelu_backward(const OpCall& call, const Row&, Cost& cost) {
  add_work(cost, cost.activations, call.argument("approximate").string() == "tanh" ? Work{17, 1} : Work{9, 2});
}

// dy * scale * (result + alpha) from the result; dy * scale * alpha * exp(x * scale) from the input. The branch x < 0 is counted.
void count_elu_backward(const OpCall& call, const Row&, Cost& cost) {
  add_work(cost, cost.activations, call.argument("is_result").to_bool() ? Work{3, 0} : Work{4, 1});
}

// Per element: maximum, subtraction, exp, addition to the sum, subtraction of its log. Per row: log. A sparse input's elements
// are those stored, and it has at most as many rows.
void count_log_softmax(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  const Count n = input.numel();
  add_work(cost, input.stored(), {4, 1});
  const auto dim = static_cast<int>(call.argument(1).to_int());
  const Count row_length = input.dim() == 0 ? Count(1) : input.size(dim);
  if (row_length > 0) cost.transcendentals += smaller(n.saturated() ? n : Count(n / row_length), input.stored());
}

// log(x / (1 - x)), with a clamp to [eps, 1 - eps] where eps is given.
void count_logit(const OpCall& call, const Row& row, Cost& cost) {
  count_per_output(call, row, cost);
  if (!call.argument(1).is_none()) cost.flops += cost.activations * 2;
}

}  // namespace

const Family per_output = {count_per_output, "flops, transcendentals = outputs · those of one element", "textbook definition"};
const Family per_input = {count_per_input,
                          "flops, transcendentals = inputs · those of one element + results · those of one result",
                          "textbook definition"};
const Family per_gradient = {count_per_gradient, "flops = gradients · those of one element; the input is not read",
                             "textbook definition"};
const Family scaled_sum = {count_scaled_sum, "flops = outputs; += outputs if alpha is not 1", "textbook definition"};
const Family scaled_addition = {count_scaled_addition, "flops = 2 · outputs; += outputs if value is not 1",
                                "textbook definition"};
const Family product = {count_product, "flops = outputs; if complex, 6 · outputs, by a real factor 2 · outputs",
                        "textbook definition"};
const Family division = {
    count_division,
    "flops = outputs; if complex, 11 · outputs, by a real divisor 2 · outputs; += outputs if there is a rounding mode",
    "textbook definition"};
const Family rounding = {count_rounding, "flops = outputs, 3 · outputs to a number of decimals",
                         "aten/src/ATen/native/cpu/UnaryOpsKernel.cpp: the kernel's arithmetic"};
const Family lerp = {count_lerp, "flops = 3 · outputs; if complex, 10 · outputs, with a real weight 6 · outputs",
                     "textbook definition, a + w (b - a)"};
const Family power = {count_power,
                      "transcendentals = outputs; for exponents 2, -1: flops = outputs; 3, -2: flops = 2 · outputs; 0, 1: none",
                      "aten/src/ATen/native/cpu/PowKernel.cpp: the exponents that it knows"};
const Family clamp = {count_clamp, "flops = outputs · bounds", "textbook definition, min(max(x, lower), upper)"};
const Family gelu = {count_gelu, "per output: flops 4, erf; approximated with tanh: flops 8, tanh",
                     "Hendrycks and Gimpel, Gaussian Error Linear Units, 2"};
const Family gelu_backward = {count_gelu_backward, "per output: flops 9, erf and exp; approximated with tanh: flops 17, tanh",
                              "aten/src/ATen/native/cpu/Activation.cpp: the kernel's arithmetic"};
const Family elu_backward = {count_elu_backward, "per output: flops 4, exp; from the result: flops 3",
                             "aten/src/ATen/native/cpu/Activation.cpp: the kernel's arithmetic"};
const Family log_softmax = {count_log_softmax, "per element: flops 4, exp; per row: log",
                            "textbook definition, x - max - log(sum(exp(x - max)))"};
const Family logit = {count_logit, "per output: flops 2, log; += 2 · outputs if there is an eps",
                      "textbook definition, log(x / (1 - x))"};

}  // namespace torchtally::formulas
