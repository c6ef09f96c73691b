#include "cli/hardware_counters.h"

#include <gtest/gtest.h>

#include <iostream>

namespace torchtally::cli {
namespace {

TEST(HardwareCounters, WeightsIntelsInstructionsByTheirWidth) {
  const auto events = events_of_vendor("GenuineIntel");
  ASSERT_EQ(events.size(), 8U);
  std::vector<HardwareReading> readings(8, {10, 100, 100});
  // Ten each of 1 double, 1 single, 2, 4, 4, 8, 8 and 16 elements: 44 times 10.
  EXPECT_EQ(operations_of(events, readings), 440);
}

TEST(HardwareCounters, ScalesWhatRanAPartOfTheTime) {
  EXPECT_EQ(operations_of({{0x0F03, 1}}, {{10, 100, 25}}), 40);
  EXPECT_EQ(operations_of({{0x0F03, 1}}, {{10, 100, 0}}), 0) << "never ran";
}

TEST(HardwareCounters, KnowsNoEventsOfOthers) { EXPECT_TRUE(events_of_vendor("unheard of").empty()); }

// On a machine with the counters: a loop of known length. Without: a reason.
TEST(HardwareCounters, CountsOrSaysWhyNot) {
  const HardwareCounters counters;
  if (!counters.why_not().empty()) {
    std::cout << "not counted: " << counters.why_not() << "\n";
    EXPECT_EQ(counters.operations(), 0);
    return;
  }
  const double before = counters.operations();
  volatile double sum = 0;
  constexpr int kAdditions = 1'000'000;
  for (int i = 0; i < kAdditions; ++i) sum = sum + 0.5;
  const double counted = counters.operations() - before;
  EXPECT_GE(counted, kAdditions);
  EXPECT_LT(counted, 3.0 * kAdditions);
}

}  // namespace
}  // namespace torchtally::cli
