#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

void count_per_output(const OpCall&, const Row& row, Cost& cost) { add_work(cost, cost.activations, row.each); }

void count_per_input(const OpCall& call, const Row& row, Cost& cost) {
  add_work(cost, elements_of(call.argument(std::size_t{0})), row.each);
  if (call.output().defined()) add_work(cost, call.output().numel(), row.result);
}

// self + alpha * other: one more multiplication where alpha is not 1.
void count_scaled_sum(const OpCall& call, const Row& row, Cost& cost) {
  count_per_output(call, row, cost);
  if (scales(call.argument(2))) cost.flops += cost.activations;
}

// self + value * tensor1 (* or /) tensor2: one more multiplication where value is not 1.
void count_scaled_addition(const OpCall& call, const Row& row, Cost& cost) {
  count_per_output(call, row, cost);
  if (scales(call.argument(3))) cost.flops += cost.activations;
}

// A rounding mode ("floor", "trunc") adds the rounding.
void count_division(const OpCall& call, const Row& row, Cost& cost) {
  count_per_output(call, row, cost);
  if (call.argument(2).kind() == Argument::Kind::kString) cost.flops += cost.activations;
}

// A maximum for the lower bound, a minimum for the upper one.
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

const Family per_output = {count_per_output, "", ""};
const Family per_input = {count_per_input, "", ""};
const Family scaled_sum = {count_scaled_sum, "", ""};
const Family scaled_addition = {count_scaled_addition, "", ""};
const Family division = {count_division, "", ""};
const Family clamp = {count_clamp, "", ""};
const Family gelu = {count_gelu, "", ""};
const Family gelu_backward = {count_gelu_backward, "", ""};
const Family elu_backward = {count_elu_backward, "", ""};
const Family log_softmax = {count_log_softmax, "", ""};
const Family logit = {count_logit, "", ""};

}  // namespace torchtally::formulas
