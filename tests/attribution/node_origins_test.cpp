#include "attribution/node_origins.h"

#include <gtest/gtest.h>

namespace torchtally::attribution {
namespace {

// Frame 1 makes the nodes 10 to 14, frame 2 those from 15 on.
TEST(NodeOrigins, FindsTheFrameOfANode) {
  NodeOrigins origins;
  EXPECT_EQ(origins.frame_of(0), std::nullopt);
  origins.note(10, 1);
  origins.note(15, 2);
  EXPECT_EQ(origins.frame_of(9), std::nullopt);  // older than all that is known
  EXPECT_EQ(origins.frame_of(10), 1U);
  EXPECT_EQ(origins.frame_of(14), 1U);
  EXPECT_EQ(origins.frame_of(15), 2U);
  EXPECT_EQ(origins.frame_of(1'000'000), 2U);
}

// A scope that opens and closes without making a node leaves nothing behind.
TEST(NodeOrigins, AFrameWithoutNodesIsForgotten) {
  NodeOrigins origins;
  origins.note(10, 1);
  origins.note(12, 2);
  origins.note(12, 1);
  EXPECT_EQ(origins.frame_of(12), 1U);
  EXPECT_EQ(origins.size(), 2U);
}

TEST(NodeOrigins, KeepsABoundedPast) {
  NodeOrigins origins;
  const std::uint64_t last = 10 * NodeOrigins::kMostChanges;
  for (std::uint64_t sequence = 0; sequence <= last; ++sequence) origins.note(sequence, static_cast<FrameId>(sequence % 7));
  EXPECT_LE(origins.size(), NodeOrigins::kMostChanges);
  EXPECT_EQ(origins.frame_of(0), std::nullopt);
  for (std::uint64_t back = 0; back < NodeOrigins::kMostChanges / 2; ++back) {
    ASSERT_EQ(origins.frame_of(last - back), (last - back) % 7);
  }
}

}  // namespace
}  // namespace torchtally::attribution
