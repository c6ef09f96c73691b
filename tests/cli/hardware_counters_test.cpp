#include "cli/hardware_counters.h"

#include <gtest/gtest.h>

#include <iostream>
#include <sstream>

namespace torchtally::cli {
namespace {

TEST(HardwareCounters, WeightsIntelsInstructionsByTheirWidth) {
  const auto events = events_of({"GenuineIntel", 6, 0x8F});  // Sapphire Rapids
  ASSERT_EQ(events.size(), 8U);
  std::vector<HardwareReading> readings(8, {10, 100, 100});
  // Ten each of 1 double, 1 single, 2, 4, 4, 8, 8 and 16 elements: 44 times 10.
  EXPECT_EQ(operations_of(events, readings), 440);
}

TEST(HardwareCounters, ScalesWhatRanAPartOfTheTime) {
  EXPECT_EQ(operations_of({{0x0F03, 1}}, {{10, 100, 25}}), 40);
  EXPECT_EQ(operations_of({{0x0F03, 1}}, {{10, 100, 0}}), 0) << "never ran";
}

// The unit masks differ: Zen 1's 0x0f, say, would be single precision only.
TEST(HardwareCounters, AsksEachAmdForAllOfItsOperations) {
  const auto config = [](int family, int model) { return events_of({"AuthenticAMD", family, model}).at(0).config; };
  EXPECT_EQ(config(23, 0x01), 0xFF03U) << "Zen 1";
  EXPECT_EQ(config(23, 0x31), 0xFF03U) << "Zen 2";
  EXPECT_EQ(config(25, 0x01), 0xFF03U) << "Zen 3";
  EXPECT_EQ(config(25, 0x11), 0x1F03U) << "Zen 4";
  EXPECT_EQ(config(26, 0x02), 0x0F03U) << "Zen 5";
}

// There the codes mean something else, or nothing.
TEST(HardwareCounters, KnowsNoEventsOfOthers) {
  EXPECT_TRUE(events_of({"GenuineIntel", 6, 0x3F}).empty()) << "Haswell";
  EXPECT_TRUE(events_of({"GenuineIntel", 6, 0xAF}).empty()) << "Sierra Forest";
  EXPECT_TRUE(events_of({"GenuineIntel", 15, 0x8F}).empty());
  EXPECT_TRUE(events_of({"AuthenticAMD", 21, 2}).empty()) << "before Zen";
  EXPECT_TRUE(events_of({"unheard of", 6, 0x8F}).empty());
  EXPECT_TRUE(events_of({}).empty()) << "not an x86";
}

TEST(HardwareCounters, ReadsWhichCpuItIs) {
  std::istringstream cpuinfo(
      "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9B14\nflags\t\t:\n\n"
      "processor\t: 1\nvendor_id\t: other\n");
  const CpuId cpu = read_cpu_id(cpuinfo);
  EXPECT_EQ(cpu.vendor, "AuthenticAMD");
  EXPECT_EQ(cpu.family, 25);
  EXPECT_EQ(cpu.model, 17);
  std::istringstream empty;
  EXPECT_EQ(read_cpu_id(empty).vendor, "");
}

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
