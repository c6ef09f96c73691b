#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

// 3 x 4 pairs of 5 coordinates, few points: per pair and coordinate 3; per pair a sqrt, or pow for each coordinate and the root.
TEST(Cdist, Direct) {
  const auto cost = [](double order) {
    CallBuilder call("aten::_cdist_forward");
    call.tensor("x1", {3, 5}).tensor("x2", {4, 5}).number("p", order).none("compute_mode").returns({3, 4});
    return call.cost();
  };
  EXPECT_THAT(cost(2), Costs(0, 180, 12));
  EXPECT_THAT(cost(1), Costs(0, 180, 0));
  EXPECT_THAT(cost(3), Costs(0, 180, 12 + 60));
}

// More than 25 points: 30 x 4 pairs as a product of 7-vectors; maximum 120; x1 3 * 150, x2 2 * 20; sqrt 120.
TEST(Cdist, AsProduct) {
  CallBuilder call("aten::_cdist_forward");
  call.tensor("x1", {30, 5}).tensor("x2", {4, 5}).number("p", 2).none("compute_mode").returns({30, 4});
  EXPECT_THAT(call.cost(), Costs(120 * 7, 120 + 450 + 40, 120));
}

// The same product, asked for by name: 3 x 4 pairs.
TEST(EuclideanDist, AsProduct) {
  CallBuilder call("aten::_euclidean_dist");
  call.tensor("x1", {3, 5}).tensor("x2", {4, 5}).returns({3, 4});
  EXPECT_THAT(call.cost(), Costs(12 * 7, 12 + 45 + 40, 12));
}

// 12 pairs of 5 coordinates, 4 each.
TEST(Cdist, Backward) {
  CallBuilder call("aten::_cdist_backward");
  call.tensor("grad", {3, 4}).tensor("x1", {3, 5}).tensor("x2", {4, 5}).number("p", 2).tensor("cdist", {3, 4}).returns({3, 5});
  EXPECT_THAT(call.cost(), Costs(0, 240, 0));
}

// 4 points: 6 pairs of 5 coordinates.
TEST(Pdist, Forward) {
  CallBuilder call("aten::_pdist_forward");
  call.tensor("self", {4, 5}).number("p", 2).returns({6});
  EXPECT_THAT(call.cost(), Costs(0, 90, 6));
}

// 6 pairs of 5 coordinates: 3 of the gradient and two additions; two pow more for order 3.
TEST(Pdist, Backward) {
  const auto cost = [](double order) {
    CallBuilder call("aten::_pdist_backward");
    call.tensor("grad", {6}).tensor("self", {4, 5}).number("p", order).tensor("pdist", {6}).returns({4, 5});
    return call.cost();
  };
  EXPECT_THAT(cost(2), Costs(0, 30 * 5, 0));
  EXPECT_THAT(cost(3), Costs(0, 30 * 7, 60));
  EXPECT_THAT(cost(0), Costs(0, 0, 0));
}

}  // namespace
}  // namespace torchtally
