#include "torchtally/cost.h"

#include <gtest/gtest.h>

namespace torchtally {
namespace {

TEST(Cost, AMacIsTwoFlops) {
  Cost cost;
  cost.flops = 5;
  cost.add_macs(10);
  EXPECT_EQ(cost.macs, 10);
  EXPECT_EQ(cost.flops, 25);
  EXPECT_EQ(cost.matmul_flops(), 20);
}

TEST(Cost, SumsEveryColumn) {
  Cost a;
  a.calls = 1;
  a.macs = 2;
  a.flops = 3;
  a.transcendentals = 4;
  a.bytes_read = 5;
  a.bytes_written = 6;
  a.activations = 7;
  const Cost sum = a + a;
  EXPECT_EQ(sum.calls, 2);
  EXPECT_EQ(sum.macs, 4);
  EXPECT_EQ(sum.flops, 6);
  EXPECT_EQ(sum.transcendentals, 8);
  EXPECT_EQ(sum.bytes_read, 10);
  EXPECT_EQ(sum.bytes_written, 12);
  EXPECT_EQ(sum.activations, 14);
  EXPECT_EQ(sum.bytes(), 22);
  EXPECT_NE(sum, a);
  EXPECT_EQ(sum, a + a);
}

TEST(Cost, TellsIfAnyColumnSaturated) {
  EXPECT_FALSE(Cost().saturated());
  for (Count Cost::*column : {&Cost::calls, &Cost::macs, &Cost::flops, &Cost::transcendentals, &Cost::bytes_read,
                              &Cost::bytes_written, &Cost::activations}) {
    Cost cost;
    cost.*column = Count::kMax;
    EXPECT_TRUE(cost.saturated());
  }
}

// Half of the range in MACs is beyond it in FLOPs.
TEST(Cost, MacsSaturateFlopsFirst) {
  Cost cost;
  cost.add_macs(Count::kMax / 2 + 1);
  EXPECT_FALSE(cost.macs.saturated());
  EXPECT_TRUE(cost.flops.saturated());
}

}  // namespace
}  // namespace torchtally
