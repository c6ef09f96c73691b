#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "call_builder.h"

namespace torchtally {
namespace {

// x1 (p, m + 2) times x2 (m + 2, r): |x1|^2 and ones, ones and |x2|^2 stand beside the coordinates.
TEST(EuclideanDistance, IsAProduct) {
  std::mt19937 generator(4711);
  std::uniform_int_distribution<std::int64_t> size(1, 9);
  for (int i = 0; i < 20; ++i) {
    const std::int64_t p = size(generator);
    const std::int64_t r = size(generator);
    const std::int64_t m = size(generator);
    std::int64_t multiply_adds = 0;
    for (std::int64_t a = 0; a < p; ++a) {
      for (std::int64_t b = 0; b < r; ++b) {
        for (std::int64_t l = 0; l < m + 2; ++l) ++multiply_adds;
      }
    }
    CallBuilder call("aten::_euclidean_dist");
    call.tensor("x1", {p, m}).tensor("x2", {r, m}).returns({p, r});
    EXPECT_THAT(call.cost(), Costs(multiply_adds, p * r + 3 * p * m + 2 * r * m, p * r));
  }
}

Cost pdist_backward(double order) {
  CallBuilder call("aten::_pdist_backward");
  call.tensor("grad", {6}).tensor("self", {4, 5}).number("p", order).tensor("pdist", {6}).returns({4, 5});
  return call.cost();
}

// 6 pairs of 4 points, 5 coordinates.
TEST(PdistBackward, ByOrder) {
  EXPECT_THAT(pdist_backward(0), Costs(0, 0, 0));
  EXPECT_THAT(pdist_backward(1), Costs(0, 30 * 5, 0));     // difference, sign, times g, added, subtracted
  EXPECT_THAT(pdist_backward(2), Costs(0, 30 * 5, 0));     // difference, times g, by the distance, added, subtracted
  EXPECT_THAT(pdist_backward(1.5), Costs(0, 30 * 8, 60));  // sign and absolute value, two powers
  EXPECT_THAT(pdist_backward(3), Costs(0, 30 * 7, 60));
  EXPECT_THAT(pdist_backward(std::numeric_limits<double>::infinity()), Costs(0, 30 * 12, 0));
}

}  // namespace
}  // namespace torchtally
