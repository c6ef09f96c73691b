// One guard on one thread: what it counts, what a tally says, and what is left when it has gone.
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/add.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/index.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gmock/gmock.h>
#include <malloc.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "support.h"
#include "torchtally/module_scope.h"
#include "torchtally/report.h"

namespace torchtally::testing {
namespace {

TEST(Guard, CountsALeafOperator) {
  const at::Tensor a = at::ones({2, 3});
  const at::Tensor b = at::ones({3, 4});
  CountingGuard guard;
  at::mm(a, b);
  const Tally tally = guard.tally();
  // 2·3·4 MACs of two FLOPs; reads (2·3 + 3·4)·4 bytes, writes 2·4·4.
  const Cost cost = tally.by_operator().at("aten::mm");
  EXPECT_EQ(cost.calls, 1);
  EXPECT_EQ(cost.macs, 24);
  EXPECT_EQ(cost.flops, 48);
  EXPECT_EQ(cost.bytes_read, 72);
  EXPECT_EQ(cost.bytes_written, 32);
  EXPECT_EQ(cost.activations, 8);
  EXPECT_EQ(tally.total(), cost);
  EXPECT_EQ(tally.by_operator().size(), 1u);
}

TEST(Guard, InPlaceReadsAndWritesItsOperandOnce) {
  at::Tensor x = at::ones({5, 7});
  const at::Tensor y = at::ones({7});
  CountingGuard guard;
  x.add_(y);
  // One addition each of 35 elements; reads (35 + 7)·4 bytes, writes 35·4.
  const Cost cost = guard.tally().by_operator().at("aten::add_");
  EXPECT_EQ(cost.flops, 35);
  EXPECT_EQ(cost.bytes_read, 168);
  EXPECT_EQ(cost.bytes_written, 140);
}

TEST(Guard, AnOutArgumentIsWrittenAndNotRead) {
  const at::Tensor x = at::ones({5, 7});
  at::Tensor out = at::zeros({5, 7});
  CountingGuard guard;
  at::add_out(out, x, x);
  // 35 additions; x is read once for each of its two places, 2·35·4 bytes, and 35·4 are written.
  const Tally tally = guard.tally();
  const Cost cost = tally.by_operator().at("aten::add");
  EXPECT_EQ(cost.flops, 35);
  EXPECT_EQ(cost.bytes_read, 280);
  EXPECT_EQ(cost.bytes_written, 140);
  EXPECT_EQ(tally.operators().at(0).overload, "out");
}

TEST(Guard, AnOutArgumentOfAnotherSizeIsCountedAsItComesOut) {
  const at::Tensor x = at::ones({5, 7});
  at::Tensor out = at::zeros({0});
  CountingGuard guard;
  at::add_out(out, x, x);
  EXPECT_EQ(guard.tally().by_operator().at("aten::add").bytes_written, 140);
}

TEST(Guard, ListsOfTensors) {
  const at::Tensor x = at::ones({2, 3});
  const at::Tensor y = at::ones({4, 3});
  CountingGuard guard;
  at::cat({x, y});
  at::stack({x, x, x});
  std::vector<at::Tensor> tensors = {at::ones({2}), at::ones({3})};
  at::_foreach_add_(tensors, 1.0);
  const Tally tally = guard.tally();
  // cat: (6 + 12)·4 bytes read and written.
  EXPECT_EQ(cost_of(tally, "aten::cat").bytes_read, 72);
  EXPECT_EQ(cost_of(tally, "aten::cat").bytes_written, 72);
  // stack: 3·6·4 bytes, once.
  EXPECT_EQ(cost_of(tally, "aten::stack").bytes_read, 72);
  EXPECT_EQ(cost_of(tally, "aten::stack").calls, 1);
  // _foreach_add_: 2 + 3 additions in one call, in place.
  EXPECT_EQ(cost_of(tally, "aten::_foreach_add_").calls, 1);
  EXPECT_EQ(cost_of(tally, "aten::_foreach_add_").flops, 5);
  EXPECT_EQ(cost_of(tally, "aten::_foreach_add_").bytes_written, 20);
}

TEST(Guard, ListsOfOptionalTensors) {
  const at::Tensor x = at::ones({4, 6});
  const at::Tensor rows = at::zeros({3}, at::kLong);
  CountingGuard guard;
  c10::List<c10::optional<at::Tensor>> indices;
  indices.push_back(c10::optional<at::Tensor>());
  indices.push_back(c10::optional<at::Tensor>(rows));
  at::index(x, indices);
  // x[:, rows] is (4, 3): 12 elements are gathered and written, 3 indices of eight bytes are read.
  const Cost cost = guard.tally().by_operator().at("aten::index");
  EXPECT_EQ(cost.calls, 1);
  EXPECT_EQ(cost.activations, 12);
  EXPECT_EQ(cost.bytes_read, 12 * 4 + 3 * 8);
  EXPECT_EQ(cost.bytes_written, 12 * 4);
}

TEST(Guard, CountsWhatFeedsOnlyControlFlow) {
  const auto model = [](const at::Tensor& x) {
    // The product decides and is not used otherwise: a tracer would prune it.
    if (at::mm(x, x).sum().item<float>() > 0) return at::add(x, 1);
    return x;
  };
  const at::Tensor x = at::ones({8, 8});
  CountingGuard guard;
  model(x);
  EXPECT_EQ(macs(guard), 8 * 8 * 8);
  EXPECT_EQ(calls_of(guard.tally(), "aten::add"), 1);
}

TEST(Guard, CountsALoopAsOftenAsItRan) {
  const at::Tensor twice = at::eye(2).mul(2);
  CountingGuard guard;
  // The sum starts at 2 and doubles with every product: 2, 4, 8, 16, 32, 64, 128 takes six products of 2·2·2 MACs.
  at::Tensor x = at::eye(2);
  while (x.sum().item<float>() < 100) x = at::mm(x, twice);
  const Cost cost = guard.tally().by_operator().at("aten::mm");
  EXPECT_EQ(cost.calls, 6);
  EXPECT_EQ(cost.macs, 48);
}

TEST(Guard, TalliesAreAskedAgainAndAgain) {
  CountingGuard guard;
  EXPECT_EQ(macs(guard), 0);
  product();
  const Tally first = guard.tally();
  product();
  EXPECT_EQ(first.total().macs, kProductMacs);  // a value of its own
  EXPECT_EQ(macs(guard), 2 * kProductMacs);
  EXPECT_EQ(macs(guard), 2 * kProductMacs);  // asking changes nothing
}

TEST(Guard, ATallyOutlivesItsGuard) {
  Tally tally;
  {
    CountingGuard guard;
    product();
    tally = guard.tally();
  }
  EXPECT_EQ(tally.by_operator().at("aten::mm").macs, kProductMacs);
}

TEST(Guard, LeavesTheThreadAsItWas) {
  ASSERT_FALSE(key_is_included());
  const auto before = c10::ThreadLocalDebugInfo::current();
  {
    CountingGuard guard;
    EXPECT_TRUE(key_is_included());
    ModuleScope scope("a");
    product();
  }
  EXPECT_FALSE(key_is_included());
  EXPECT_FALSE(key_is_excluded());
  EXPECT_EQ(c10::ThreadLocalDebugInfo::current(), before);
}

TEST(Guard, AGuardAfterAnotherStartsAtZero) {
  {
    CountingGuard guard;
    product();
  }
  CountingGuard guard;
  EXPECT_EQ(guard.tally().total(), Cost{});
  EXPECT_TRUE(guard.tally().rows().empty());
}

TEST(Guard, WithoutAGuardScopesAndPausesDoNothing) {
  const auto before = c10::ThreadLocalDebugInfo::current();
  ModuleScope scope("nobody");
  EXPECT_EQ(c10::ThreadLocalDebugInfo::current(), before);
  EXPECT_FALSE(key_is_included());
  EXPECT_EQ(product().sum().item<float>(), 24);
  {
    // Opened before the guard, so the guard does not know it.
    CountingGuard guard;
    product();
    EXPECT_EQ(guard.tally().modules().size(), 1u);
  }
  { PauseCounting pause; }
  EXPECT_FALSE(key_is_excluded());
}

TEST(Guard, MemoryDoesNotGrowWithTheNumberOfCalls) {
  const at::Tensor x = at::ones({2, 3});
  const at::Tensor y = at::ones({3, 4});
  CountingGuard guard;
  ModuleScope scope("a");
  const auto run = [&](int times) {
    for (int i = 0; i < times; ++i) {
      at::mm(x, y);
      x.t();
    }
  };
  run(10);
  const auto before = mallinfo2().uordblks;
  run(100000);
  EXPECT_LT(mallinfo2().uordblks, before + 4096);
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.rows().size(), 2u);
  EXPECT_EQ(calls_of(tally, "aten::mm"), 100010);
  EXPECT_EQ(calls_of(tally, "aten::t"), 100010);
  EXPECT_EQ(tally.total().macs, 100010 * kProductMacs);
}

TEST(Guard, ManyPairsKeepTheirCounts) {
  CountingGuard guard;
  // More than the first chunk and the first index of a ledger hold.
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 500; ++i) {
      ModuleScope scope(std::to_string(i));
      product();
    }
  }
  const Tally tally = guard.tally();
  for (int i = 0; i < 500; ++i) ASSERT_EQ(module_macs(tally, std::to_string(i)), 2 * kProductMacs) << i;
  EXPECT_EQ(tally.total().macs, 1000 * kProductMacs);
}

TEST(GuardDeathTest, AProcessMayEndWhileAGuardIsAlive) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        [[maybe_unused]] static auto* guard = new CountingGuard;
        product();
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace torchtally::testing
