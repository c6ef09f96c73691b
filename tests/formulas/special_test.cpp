#include <gtest/gtest.h>

#include <utility>

#include "call_builder.h"

namespace torchtally {
namespace {

Cost polynomial(std::string_view name, std::int64_t degree) {
  CallBuilder call(name, "n_scalar");
  return call.tensor("x", {10}).integer("n", degree).returns({10}).cost();
}

// 10 elements. Degree 4 is three steps: T: 3 each. U: x + x first. Laguerre: 1 - x first, 6 each.
TEST(Polynomial, RecurrenceOfAKnownDegree) {
  EXPECT_THAT(polynomial("aten::special_chebyshev_polynomial_t", 4), Costs(0, 90, 0));
  EXPECT_THAT(polynomial("aten::special_chebyshev_polynomial_u", 4), Costs(0, 100, 0));
  EXPECT_THAT(polynomial("aten::special_laguerre_polynomial_l", 4), Costs(0, 190, 0));
}

TEST(Polynomial, LowDegrees) {
  EXPECT_THAT(polynomial("aten::special_chebyshev_polynomial_t", 1), Costs(0, 0, 0));
  EXPECT_THAT(polynomial("aten::special_chebyshev_polynomial_u", 1), Costs(0, 10, 0));
  EXPECT_THAT(polynomial("aten::special_chebyshev_polynomial_u", 0), Costs(0, 0, 0));
  EXPECT_THAT(polynomial("aten::special_chebyshev_polynomial_u", -3), Costs(0, 0, 0));
}

TEST(Polynomial, DegreesInATensor) {
  CallBuilder call("aten::special_hermite_polynomial_h");
  EXPECT_THAT(call.tensor("x", {10}).tensor("n", {10}).returns({10}).cost(), Costs(0, 0, 10));
}

// 10 elements, 3 dimensions: three log-gammas, each of x less something, added up, a constant.
TEST(MultivariateLogGamma, PerDimension) {
  CallBuilder call("aten::mvlgamma");
  EXPECT_THAT(call.tensor("self", {10}).integer("p", 3).returns({10}).cost(), Costs(0, 70, 30));
}

}  // namespace
}  // namespace torchtally
