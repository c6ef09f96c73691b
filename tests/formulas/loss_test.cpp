#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

enum Reduction { kNone = 0, kMean = 1, kSum = 2 };

Cost loss(std::string_view name, Reduction reduction) {
  CallBuilder call(name);
  call.tensor("self", {4, 3}).tensor("target", {4, 3}).integer("reduction", reduction);
  reduction == kNone ? call.returns({4, 3}) : call.returns({});
  return call.cost();
}

// 12 elements: difference and square; 12 additions unless nothing is reduced; a division for the mean.
TEST(Loss, MeanSquaredError) {
  EXPECT_THAT(loss("aten::mse_loss", kNone), Costs(0, 24, 0));
  EXPECT_THAT(loss("aten::mse_loss", kSum), Costs(0, 36, 0));
  EXPECT_THAT(loss("aten::mse_loss", kMean), Costs(0, 37, 0));
}

// (t - 1) max(log1p(-x), c) - t max(log x, c): 7 and two logs.
TEST(Loss, BinaryCrossEntropy) { EXPECT_THAT(loss("aten::binary_cross_entropy", kMean), Costs(0, 84 + 13, 24)); }

// (1 - t) x - log_sigmoid(x): 7, exp and log1p; weight 12; positives' weight 3 per element and 3 classes minus 1.
TEST(Loss, BinaryCrossEntropyWithLogits) {
  CallBuilder call("aten::binary_cross_entropy_with_logits");
  call.tensor("self", {4, 3})
      .tensor("target", {4, 3})
      .tensor("weight", {3})
      .tensor("pos_weight", {3})
      .integer("reduction", kNone);
  EXPECT_THAT(call.returns({4, 3}).cost(), Costs(0, 84 + 12 + 36 + 3, 24));
}

// 4 targets of 10 classes: a sign each, a product with the weight; 4 additions and a division. Reads 4 of 40 elements.
TEST(Loss, NegativeLogLikelihood) {
  CallBuilder plain("aten::nll_loss_forward");
  plain.tensor("self", {4, 10})
      .tensor("target", {4}, DType::kInt64)
      .none("weight")
      .integer("reduction", kMean)
      .returns({})
      .returns({});
  EXPECT_THAT(plain.cost(), Costs(0, 4 + 5, 0));
  EXPECT_THAT(plain.cost(), Moves(16 + 32, 8));
  CallBuilder weighted("aten::nll_loss_forward");
  weighted.tensor("self", {4, 10}).tensor("target", {4}, DType::kInt64).tensor("weight", {10}).integer("reduction", kSum);
  EXPECT_THAT(weighted.returns({}).returns({}).cost(), Costs(0, 8 + 4, 0));
}

// Per target: sign, division by the number of targets.
TEST(Loss, NegativeLogLikelihoodBackward) {
  CallBuilder call("aten::nll_loss_backward");
  call.tensor("grad_output", {}).tensor("self", {4, 10}).tensor("target", {4}, DType::kInt64).none("weight");
  call.integer("reduction", kMean).integer("ignore_index", -100).tensor("total_weight", {}).returns({4, 10});
  EXPECT_THAT(call.cost(), Costs(0, 8, 0));
  EXPECT_THAT(call.cost(), Moves(4 + 32, 160));
}

// 2 samples, 10 times, 2*3 + 1 states: 140 steps of 9 and 4.
TEST(Loss, Ctc) {
  CallBuilder forward("aten::_ctc_loss");
  forward.tensor("log_probs", {10, 2, 5}).tensor("targets", {2, 3}, DType::kInt64).returns({2}).returns({2, 10, 7});
  EXPECT_THAT(forward.cost(), Costs(0, 1260, 560));
  // The same from the other end, 6 and 3 to join them; 3 and 2 for each of 100 log-probabilities.
  CallBuilder backward("aten::_ctc_loss_backward");
  backward.tensor("grad", {2}).tensor("log_probs", {10, 2, 5}).tensor("log_alpha", {2, 10, 7}).returns({10, 2, 5});
  EXPECT_THAT(backward.cost(), Costs(0, 1260 + 840 + 300, 560 + 420 + 200));
}

// Two samples of 10 and 6 times, targets of 3 and 1: 10 * 7 + 6 * 3 = 88 states, from both ends, 6 and 3 to join; 3 and 2 for
// each of 100 log-probabilities.
TEST(Loss, CtcWithGradient) {
  CallBuilder lists("aten::_cudnn_ctc_loss");
  lists.tensor("log_probs", {10, 2, 5}).tensor("targets", {4}, DType::kInt32);
  lists.integers("input_lengths", {10, 6}).integers("target_lengths", {3, 1}).returns({2}).returns({10, 2, 5});
  EXPECT_THAT(lists.cost(), Costs(0, 88 * 24 + 300, 88 * 11 + 200));
  CallBuilder tensors("aten::miopen_ctc_loss", "Tensor");
  tensors.tensor("log_probs", {10, 2, 5}).tensor("targets", {4}, DType::kInt32);
  tensors.values("input_lengths", {10, 6}).values("target_lengths", {3, 1}).returns({2}).returns({10, 2, 5});
  EXPECT_EQ(tensors.cost().flops, lists.cost().flops);
  // Lengths that nobody can read: 10 times (2 * 4 + 2) states.
  CallBuilder unread("aten::_cudnn_ctc_loss", "Tensor");
  unread.tensor("log_probs", {10, 2, 5}).tensor("targets", {4}, DType::kInt32).tensor("input_lengths", {2}, DType::kInt64);
  unread.tensor("target_lengths", {2}, DType::kInt64).returns({2}).returns({10, 2, 5});
  EXPECT_THAT(unread.cost(), Costs(0, 100 * 24 + 300, 100 * 11 + 200));
}

}  // namespace
}  // namespace torchtally
