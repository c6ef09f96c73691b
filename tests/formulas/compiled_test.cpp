#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

// 6 floats: two gradients read, one written. The first gradient is kept as it is.
TEST(AccumulateGrad, AddsToTheGradientThatIsThere) {
  CallBuilder second("inductor::accumulate_grad_");
  second.tensor("variable", {2, 3}).tensor("variable_grad", {2, 3}).tensor("new_grad", {2, 3});
  EXPECT_THAT(second.cost(), Costs(0, 6, 0));
  EXPECT_THAT(second.cost(), Moves(48, 24));
  CallBuilder first("inductor::accumulate_grad_");
  first.tensor("variable", {2, 3}).none("variable_grad").tensor("new_grad", {2, 3});
  EXPECT_THAT(first.cost(), Costs(0, 0, 0));
  EXPECT_THAT(first.cost(), Moves(0, 0));
}

}  // namespace
}  // namespace torchtally
