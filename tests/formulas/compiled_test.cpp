#include <gtest/gtest.h>

#include <random>

#include "call_builder.h"

namespace torchtally {
namespace {

// out[i][j] = sum of a[i][l] b[l][j] + sum of c[i][l] d[l][j]
TEST(MmPlusMm, TwoProductsAndTheirSum) {
  std::mt19937 generator(4711);
  std::uniform_int_distribution<std::int64_t> size(1, 9);
  for (int i = 0; i < 20; ++i) {
    const std::int64_t m = size(generator);
    const std::int64_t n = size(generator);
    const std::int64_t k1 = size(generator);
    const std::int64_t k2 = size(generator);
    std::int64_t multiply_adds = 0;
    for (std::int64_t row = 0; row < m; ++row) {
      for (std::int64_t column = 0; column < n; ++column) {
        for (std::int64_t l = 0; l < k1; ++l) ++multiply_adds;
        for (std::int64_t l = 0; l < k2; ++l) ++multiply_adds;
      }
    }
    CallBuilder call("inductor::_mm_plus_mm");
    call.tensor("a", {m, k1}).tensor("b", {k1, n}).tensor("c", {m, k2}).tensor("d", {k2, n}).out("out", {m, n}).returns({m, n});
    EXPECT_THAT(call.cost(), Costs(multiply_adds, m * n, 0));
  }
}

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
