#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

Cost multi_margin(std::int64_t order, bool weighted, std::int64_t reduction) {
  CallBuilder call("aten::multi_margin_loss");
  call.tensor("self", {3, 5}).tensor("target", {3}, DType::kInt64).integer("p", order).integer("margin", 1);
  if (weighted) {
    call.tensor("weight", {5});
  } else {
    call.none("weight");
  }
  return call.integer("reduction", reduction).returns({}).cost();
}

// 3 samples, 4 other classes each: a difference, an addition, a maximum, the sum; 3 divisions by the classes. The mean: 3 + 1.
TEST(MultiMargin, Forward) {
  EXPECT_THAT(multi_margin(1, false, 0), Costs(0, 12 * 4 + 3, 0));
  EXPECT_THAT(multi_margin(1, false, 1), Costs(0, 12 * 4 + 3 + 4, 0));
  EXPECT_THAT(multi_margin(2, true, 2), Costs(0, 12 * 6 + 3 + 3, 0));
}

// A difference, an addition, the target's sum; a square's two products, one for the weight. Every element times the gradient.
TEST(MultiMargin, Backward) {
  CallBuilder call("aten::multi_margin_loss_backward");
  call.tensor("grad_output", {}).tensor("self", {3, 5}).tensor("target", {3}, DType::kInt64).integer("p", 2);
  call.integer("margin", 1).tensor("weight", {5}).integer("reduction", 1).returns({3, 5});
  EXPECT_THAT(call.cost(), Costs(0, 12 * 6 + 15, 0));
}

// 2 samples of 5 classes; half of the classes: 2 targets meet 3 others.
TEST(MultilabelMargin, TargetsNotKnown) {
  CallBuilder forward("aten::multilabel_margin_loss_forward");
  forward.tensor("self", {2, 5}).tensor("target", {2, 5}, DType::kInt64).integer("reduction", 1);
  EXPECT_THAT(forward.returns({}).returns({2, 5}).cost(), Costs(0, 2 * 6 * 4 + 2 + 3, 0));
  CallBuilder backward("aten::multilabel_margin_loss_backward");
  backward.tensor("grad_output", {}).tensor("self", {2, 5}).tensor("target", {2, 5}, DType::kInt64).integer("reduction", 1);
  EXPECT_THAT(backward.tensor("is_target", {2, 5}).returns({2, 5}).cost(), Costs(0, 2 * 6 * 4 + 10, 0));
}

// Class 3 of five meets 4 others; what stands behind -1 does not count.
TEST(MultilabelMargin, TargetsRead) {
  CallBuilder call("aten::multilabel_margin_loss_forward");
  call.tensor("self", {5}).values("target", {3, -1, 0, 1, 2}).integer("reduction", 0);
  EXPECT_THAT(call.returns({}).returns({5}).cost(), Costs(0, 4 * 4 + 1, 0));
}

}  // namespace
}  // namespace torchtally
