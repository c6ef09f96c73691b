#include "torchtally/count.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <sstream>

namespace torchtally {
namespace {

constexpr std::int64_t kMax = Count::kMax;

TEST(Count, BehavesLikeANumber) {
  Count n = 3;
  n += 4;
  n *= 5;
  EXPECT_EQ(n, 35);
  EXPECT_EQ(n + 1, 36);
  EXPECT_EQ(2 * n, 70);
  EXPECT_EQ(n - 5, 30);
  EXPECT_EQ(n / 2, 17);
  EXPECT_LT(n, 36);
  EXPECT_FALSE(n.saturated());
  std::ostringstream text;
  text << n;
  EXPECT_EQ(text.str(), "35");
}

TEST(Count, IsUsableAtCompileTime) {
  static_assert(Count(6) * 7 == 42);
  static_assert((Count(kMax) + 1).saturated());
}

TEST(Count, SumsSaturate) {
  EXPECT_EQ(Count(kMax - 1) + 1, kMax);
  EXPECT_TRUE((Count(kMax - 1) + 1).saturated());
  EXPECT_TRUE((Count(kMax) + Count(kMax)).saturated());
  EXPECT_TRUE((kMax + Count(1)).saturated());
  EXPECT_FALSE((Count(kMax - 2) + 1).saturated());
}

TEST(Count, ProductsSaturate) {
  const Count large = std::int64_t{1} << 32;
  EXPECT_FALSE((large * (std::int64_t{1} << 30)).saturated());
  EXPECT_TRUE((large * large).saturated());
  EXPECT_EQ(large * large, kMax);
  EXPECT_TRUE(((std::int64_t{1} << 32) * large).saturated());
}

TEST(Count, SaturationSticks) {
  Count n = kMax;
  n += 0;
  EXPECT_TRUE(n.saturated());
  n *= 1;
  EXPECT_TRUE(n.saturated());
  n *= 2;
  EXPECT_TRUE(n.saturated());
  EXPECT_TRUE((Count(1) * n).saturated());
}

TEST(Count, NothingTimesAnythingIsNothing) {
  EXPECT_EQ(Count(0) * Count(kMax), 0);
  EXPECT_EQ(Count(kMax) * 0, 0);
  EXPECT_FALSE((Count(kMax) * 0).saturated());
}

TEST(Count, NegativeIsNoCount) {
  EXPECT_EQ(Count(-1), 0);
  EXPECT_EQ(Count(5) * -1, 0);
  EXPECT_EQ(Count(5) + -1, 5);
}

TEST(Count, LargeUnsignedSaturates) {
  EXPECT_TRUE(Count(std::numeric_limits<std::uint64_t>::max()).saturated());
  EXPECT_EQ(Count(std::uint64_t{7}), 7);
}

}  // namespace
}  // namespace torchtally
