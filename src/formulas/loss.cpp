#include <algorithm>
#include <string_view>

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

void add_ctc_recursion(Cost& cost, Count states) { add_work(cost, states, kCtcStep); }

// The recursion from the other end; per state the two joined and added to its symbol's sum (log-sum-exp of two: 6, 3); per
// log-probability exp twice, two subtractions, a product.
void add_ctc_gradient(Cost& cost, Count states, Count log_probs) {
  add_ctc_recursion(cost, states);
  add_work(cost, states, {6, 3});
  add_work(cost, log_probs, {3, 2});
}

// A list of numbers, or a tensor whose values are known.
absl::Span<const std::int64_t> lengths(const Argument& argument) {
  return argument.ints().empty() ? argument.tensor().values() : argument.ints();
}

// The second output has the log-probability of every state at every time.
void count_ctc_loss(const OpCall& call, const Row&, Cost& cost) { add_ctc_recursion(cost, call.output(1).numel()); }

// (grad, log_probs, targets, input_lengths, target_lengths, neg_log_likelihood, log_alpha, ...)
void count_ctc_loss_backward(const OpCall& call, const Row&, Cost& cost) {
  add_ctc_gradient(cost, call.tensor("log_alpha").numel(), call.tensor(1).numel());
}

// (log_probs, targets, input_lengths, target_lengths, ...): loss and gradient in one, with the steps and states that each sample
// has. Lengths that are tensors on a device can't be read: then every sample takes all steps.
void count_ctc_loss_with_gradient(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& log_probs = call.tensor(std::size_t{0});
  const auto times = lengths(call.argument(2));
  const auto symbols = lengths(call.argument(3));
  Count states;
  if (!times.empty() && times.size() == symbols.size()) {
    for (std::size_t i = 0; i < times.size(); ++i) states += Count(times[i]) * (Count(symbols[i]) * 2 + 1);
  } else {
    states = log_probs.size(0) * (call.tensor(1).numel() * 2 + log_probs.size(1));
  }
  add_ctc_recursion(cost, states);
  add_ctc_gradient(cost, states, log_probs.numel());
}

constexpr std::string_view kLengths[] = {"input_lengths", "target_lengths"};
constexpr std::string_view kDefinition = "textbook definition; an addition per element for the sum, a division for the mean";
constexpr std::string_view kCtc = "Graves et al., Connectionist Temporal Classification, 2006: forward-backward in log space";
constexpr std::string_view kCtcBackward =
    "9 flops, 4 transcendentals per time and state for the recursion from the end; 6, 3 to join both; per log-probability 3, 2";

}  // namespace

const Family pointwise_loss = {count_pointwise_loss, "per element: what the row says, and the reduction", kDefinition};
const Family weighted_cross_entropy = {
    count_weighted_cross_entropy,
    "per element: what the row says, 1 for a weight, 3 for a weight of the positives (and 1 per class), and the reduction",
    kDefinition};
const Family nll_loss = {count_nll_loss, "per target: a sign change, 1 for the class's weight, and the reduction", kDefinition};
const Family nll_loss_backward = {count_nll_loss_backward,
                                  "per target: a sign change, 1 for the class's weight, a division for the mean",
                                  "textbook definition"};
const Family ctc_loss = {count_ctc_loss,
                         "9 flops, 4 transcendentals per sample, time and state (2 · longest target + 1), padding too", kCtc};
const Family ctc_loss_backward = {count_ctc_loss_backward, kCtcBackward, kCtc};
const Family ctc_loss_with_gradient = {count_ctc_loss_with_gradient,
                                       "9 flops, 4 transcendentals per time and state, twice (from both ends), 6, 3 to join "
                                       "them; per log-probability 3, 2. The softmax "
                                       "that a library may apply once more is not counted",
                                       kCtc, false, kLengths};

}  // namespace torchtally::formulas
