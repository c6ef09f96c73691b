// Guards inside guards, guards that disagree, and pauses.
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/linear.h>
#include <gmock/gmock.h>
#include <torch/library.h>

#include <future>
#include <optional>

#include "support.h"
#include "torchtally/formula.h"
#include "torchtally/module_scope.h"

namespace torchtally::testing {
namespace {

// A leaf whose kernel counts for itself.
std::int64_t macs_seen_inside = 0;
at::Tensor kernel_that_counts(const at::Tensor& x) {
  CountingGuard guard;
  at::Tensor y = at::mm(x, x);
  macs_seen_inside = macs(guard);
  return y;
}

TORCH_LIBRARY(tt_nesting, library) {
  library.def("counts_inside(Tensor x) -> Tensor");
  library.impl("counts_inside", c10::DispatchKey::CPU, TORCH_FN(kernel_that_counts));
}

at::Tensor call_counts_inside(const at::Tensor& x) {
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("tt_nesting::counts_inside", "").typed<at::Tensor(const at::Tensor&)>();
  return op.call(x);
}

FormulaSet with_macs(const char* op, std::int64_t n) {
  auto formulas = FormulaSet::builtin();
  formulas.set(op, [n](const OpCall&, Cost& cost) { cost.add_macs(n); });
  return formulas;
}

// (2, 3) x (4, 3)^T + (4): 2·4·3 = 24 MACs in aten::addmm.
at::Tensor linear() { return at::linear(at::ones({2, 3}), at::ones({4, 3}), at::ones({4})); }
constexpr std::int64_t kLinearMacs = 24;

TEST(Nesting, WhatTheInnerCountsTheOuterCountsToo) {
  CountingGuard outer;
  product();
  {
    CountingGuard inner;
    product();
    product();
    EXPECT_EQ(macs(inner), 2 * kProductMacs);
  }
  product();
  EXPECT_EQ(macs(outer), 4 * kProductMacs);
  EXPECT_EQ(calls_of(outer.tally(), "aten::mm"), 4);
}

TEST(Nesting, DeeperThanTheCachedLedgers) {
  CountingGuard a;
  product();
  {
    CountingGuard b;
    product();
    {
      CountingGuard c;
      product();
      EXPECT_EQ(macs(c), kProductMacs);
      {
        CountingGuard d;
        CountingGuard e;
        CountingGuard f;
        product();
        product();
        EXPECT_EQ(macs(f), 2 * kProductMacs);
        EXPECT_EQ(macs(e), 2 * kProductMacs);
        EXPECT_EQ(macs(d), 2 * kProductMacs);
      }
      EXPECT_EQ(macs(c), 3 * kProductMacs);
    }
    EXPECT_EQ(macs(b), 4 * kProductMacs);
  }
  EXPECT_EQ(macs(a), 5 * kProductMacs);
}

TEST(Nesting, EachByItsOwnFormulas) {
  CountingGuard outer(with_macs("aten::mm", 7));
  {
    CountingGuard inner;
    product();
    EXPECT_EQ(macs(inner), kProductMacs);
  }
  EXPECT_EQ(macs(outer), 7);
}

TEST(Nesting, EachByItsOwnModuleNames) {
  CountingGuard outer;
  ModuleScope around("around");
  CountingGuard inner;
  ModuleScope within("within");
  product();
  EXPECT_EQ(module_macs(inner.tally(), "within"), kProductMacs);
  EXPECT_EQ(module_macs(inner.tally(), "around"), -1);
  EXPECT_EQ(module_macs(outer.tally(), "around.within"), kProductMacs);
}

TEST(Nesting, OnlyTheOuterOneHasAFormulaForAComposite) {
  CountingGuard outer(with_macs("aten::linear", 1000));
  std::optional<Tally> inner_tally;
  {
    CountingGuard inner;
    linear();
    inner_tally = inner.tally();
  }
  product();
  EXPECT_EQ(inner_tally->total().macs, kLinearMacs);
  EXPECT_EQ(calls_of(*inner_tally, "aten::linear"), 0);
  EXPECT_EQ(calls_of(*inner_tally, "aten::addmm"), 1);
  const Tally tally = outer.tally();
  EXPECT_EQ(tally.total().macs, 1000 + kProductMacs);
  EXPECT_EQ(calls_of(tally, "aten::linear"), 1);
  EXPECT_EQ(calls_of(tally, "aten::addmm"), 0);
}

TEST(Nesting, OnlyTheInnerOneHasAFormulaForAComposite) {
  CountingGuard outer;
  {
    CountingGuard inner(with_macs("aten::linear", 1000));
    linear();
    product();
    EXPECT_EQ(macs(inner), 1000 + kProductMacs);
    EXPECT_EQ(calls_of(inner.tally(), "aten::addmm"), 0);
  }
  EXPECT_EQ(macs(outer), kLinearMacs + kProductMacs);
  EXPECT_EQ(calls_of(outer.tally(), "aten::linear"), 0);
}

TEST(Nesting, TheMiddleOneOfThreeDisagrees) {
  CountingGuard outer;
  ModuleScope scope("a");
  CountingGuard middle(with_macs("aten::linear", 1000));
  CountingGuard inner;
  linear();
  EXPECT_EQ(macs(inner), kLinearMacs);
  EXPECT_EQ(macs(middle), 1000);
  EXPECT_EQ(macs(outer), kLinearMacs);
  EXPECT_EQ(module_macs(outer.tally(), "a"), kLinearMacs);
}

TEST(Nesting, WhereOneKnowsTheLeafAndTheOtherDoesNot) {
  CountingGuard outer(FormulaSet::empty());
  CountingGuard inner;
  product();
  EXPECT_EQ(macs(inner), kProductMacs);
  const Tally tally = outer.tally();
  EXPECT_EQ(tally.total().macs, 0);
  EXPECT_EQ(tally.unknown_operators().at("aten::mm"), 1);
}

TEST(Nesting, AGuardInsideAnOperatorCountedAsAWholeCountsForItselfAlone) {
  const at::Tensor x = at::ones({3, 3});
  macs_seen_inside = 0;
  CountingGuard guard(with_macs("tt_nesting::counts_inside", 5));
  call_counts_inside(x);
  EXPECT_EQ(macs_seen_inside, 27);  // 3·3·3
  EXPECT_EQ(macs(guard), 5);
  product();
  EXPECT_EQ(macs(guard), 5 + kProductMacs);
}

TEST(Nesting, AGuardInsideAnUnknownOperatorIsPartOfTheOuter) {
  const at::Tensor x = at::ones({3, 3});
  macs_seen_inside = 0;
  CountingGuard guard;
  call_counts_inside(x);
  EXPECT_EQ(macs_seen_inside, 27);
  EXPECT_EQ(macs(guard), 27);
}

TEST(Pause, CountsNothingWhileItIsAlive) {
  CountingGuard guard;
  product();
  {
    PauseCounting pause;
    product();
    {
      PauseCounting again;
      product();
    }
    product();  // still paused
  }
  product();
  EXPECT_EQ(macs(guard), 2 * kProductMacs);
}

TEST(Pause, PausesAllGuardsAround) {
  CountingGuard outer;
  CountingGuard inner;
  {
    PauseCounting pause;
    product();
  }
  EXPECT_EQ(macs(inner), 0);
  EXPECT_EQ(macs(outer), 0);
}

TEST(Pause, AGuardInsideCountsForItselfAlone) {
  CountingGuard outer;
  {
    PauseCounting pause;
    {
      CountingGuard inner;
      product();
      EXPECT_EQ(macs(inner), kProductMacs);
    }
    product();
  }
  EXPECT_EQ(macs(outer), 0);
  product();
  EXPECT_EQ(macs(outer), kProductMacs);
}

TEST(Pause, WithoutAGuardAroundIsHarmless) {
  {
    PauseCounting pause;
    product();
    CountingGuard guard;
    product();
    EXPECT_EQ(macs(guard), kProductMacs);
  }
  EXPECT_TRUE(thread_is_clean());
}

TEST(Pause, ScopesInsideDoNothing) {
  CountingGuard guard;
  {
    PauseCounting pause;
    ModuleScope scope("paused");
    product();
  }
  EXPECT_EQ(module_macs(guard.tally(), "paused"), -1);
}

TEST(Pause, ReachesOtherThreads) {
  CountingGuard guard;
  std::promise<void> done;
  {
    PauseCounting pause;
    at::launch([&] {
      product();
      done.set_value();
    });
    done.get_future().wait();
  }
  EXPECT_EQ(macs(guard), 0);
  product();
  EXPECT_EQ(macs(guard), kProductMacs);
}

}  // namespace
}  // namespace torchtally::testing
