#include <algorithm>

#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// Input and target may broadcast.
Count loss_elements(const OpCall& call) {
  return std::max<std::int64_t>({call.tensor(std::size_t{0}).numel(), call.tensor(1).numel(), call.output().numel()});
}

// One step of the forward-backward algorithm per time and state: log-sum-exp of three paths (2 maxima, 3 subtractions, 3 exp, 2
// additions, log, the maximum again), plus the symbol's log-probability.
constexpr Work kCtcStep{9, 4};

// row.each per element, then the reduction.
void count_pointwise_loss(const OpCall& call, const Row& row, Cost& cost) {
  const Count n = loss_elements(call);
  add_work(cost, n, row.each);
  add_reduction(call, cost, n);
}

// As pointwise_loss(), with a product for a weight, and for a weight of the positives: minus 1, times target, plus 1, times the
// log.
void count_weighted_cross_entropy(const OpCall& call, const Row& row, Cost& cost) {
  count_pointwise_loss(call, row, cost);
  const Count n = loss_elements(call);
  if (call.tensor("weight").defined()) cost.flops += n;
  if (call.tensor("pos_weight").defined()) cost.flops += n * 3 + call.tensor("pos_weight").numel();
}

// (input, target, weight, reduction, ...): per target a sign change, and a product with the class's weight. One element of the
// input is read per target.
void count_nll_loss(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  const TensorView& target = call.tensor(1);
  const TensorView& weight = call.tensor(2);
  cost.flops += target.numel() * (weight.defined() ? 2 : 1);
  add_reduction(call, cost, target.numel());
  cost.bytes_read = target.numel() * element_size(input.dtype()) + target.bytes() + weight.bytes();
}

// (grad_output, input, target, weight, reduction, ...): per target a sign change, a product with the class's weight, a division
// for the mean.
void count_nll_loss_backward(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& target = call.tensor(2);
  const TensorView& weight = call.tensor(3);
  const bool mean = call.argument("reduction").to_int(kMean) == kMean;
  cost.flops += target.numel() * (1 + (weight.defined() ? 1 : 0) + (mean ? 1 : 0));
  cost.bytes_read = call.tensor(std::size_t{0}).bytes() + target.bytes() + weight.bytes();
}

// The second output has the log-probability of every state at every time.
void count_ctc_loss(const OpCall& call, const Row&, Cost& cost) { add_work(cost, call.output(1).numel(), kCtcStep); }

// (grad, log_probs, targets, input_lengths, target_lengths, neg_log_likelihood, log_alpha, ...): the recursion from the other
// end; per state the two joined and added to its symbol's sum (log-sum-exp of two: 6, 3); per log-probability exp twice, two
// subtractions, a product.
void count_ctc_loss_backward(const OpCall& call, const Row&, Cost& cost) {
  const Count states = call.tensor("log_alpha").numel();
  add_work(cost, states, kCtcStep);
  add_work(cost, states, {6, 3});
  add_work(cost, call.tensor(1).numel(), {3, 2});
}

}  // namespace

const Family pointwise_loss = {count_pointwise_loss, "", ""};
const Family weighted_cross_entropy = {count_weighted_cross_entropy, "", ""};
const Family nll_loss = {count_nll_loss, "", ""};
const Family nll_loss_backward = {count_nll_loss_backward, "", ""};
const Family ctc_loss = {count_ctc_loss, "", ""};
const Family ctc_loss_backward = {count_ctc_loss_backward, "", ""};

}  // namespace torchtally::formulas
