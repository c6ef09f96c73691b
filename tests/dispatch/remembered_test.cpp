// Remembered calls: whatever comes back in a loop counts as if each call were counted afresh.
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/add.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/div.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/erfinv.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/masked_select.h>
#include <ATen/ops/max.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/sum.h>
#include <c10/core/DefaultDtype.h>
#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support.h"

namespace torchtally::testing {
namespace {

using Call = std::function<void()>;

Cost cost_of_one(const Call& call) {
  const CountingGuard guard;
  call();
  return guard.tally().total();
}

// Calls all of them `times` times in random order, under one guard, and compares with the sum of what each counts alone.
void expect_sum(const std::vector<Call>& calls, int times = 100) {
  std::vector<Cost> alone;
  for (const Call& call : calls) alone.push_back(cost_of_one(call));

  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same order every time
  Cost sum;
  const CountingGuard guard;
  for (int i = 0; i < times; ++i) {
    const std::size_t which = random() % calls.size();
    calls[which]();
    sum += alone[which];
  }
  const Cost counted = guard.tally().total();
  EXPECT_EQ(counted.calls, sum.calls);
  EXPECT_EQ(counted.macs, sum.macs);
  EXPECT_EQ(counted.flops, sum.flops);
  EXPECT_EQ(counted.transcendentals, sum.transcendentals);
  EXPECT_EQ(counted.bytes_read, sum.bytes_read);
  EXPECT_EQ(counted.bytes_written, sum.bytes_written);
  EXPECT_EQ(counted.activations, sum.activations);
}

TEST(Remembered, RepetitionsAreCounted) {
  const at::Tensor a = at::ones({2, 3});
  const at::Tensor b = at::ones({3, 4});
  const CountingGuard guard;
  for (int i = 0; i < 1000; ++i) at::mm(a, b);
  EXPECT_EQ(macs(guard), 1000 * kProductMacs);
  EXPECT_EQ(calls_of(guard.tally(), "aten::mm"), 1000);
}

TEST(Remembered, ShapesThatTakeTurns) {
  const at::Tensor a = at::ones({2, 3});
  const at::Tensor b = at::ones({3, 4});
  const at::Tensor c = at::ones({3, 5});
  const at::Tensor d = at::ones({3, 2, 3});
  const at::Tensor e = at::ones({3, 3, 7});
  const at::Tensor f = at::ones({3, 3, 1});
  expect_sum({[&] { at::mm(a, b); }, [&] { at::mm(a, c); }, [&] { at::bmm(d, e); }, [&] { at::bmm(d, f); }}, 1000);
}

TEST(Remembered, ShapesThatNeverComeBack) {
  const CountingGuard guard;
  std::int64_t expected = 0;
  for (std::int64_t n = 1; n <= 300; ++n) {
    at::mm(at::ones({2, n}), at::ones({n, 3}));
    expected += 2 * n * 3;
  }
  EXPECT_EQ(macs(guard), expected);
}

TEST(Remembered, AsManyElementsInAnotherShape) {
  const at::Tensor a = at::ones({4, 4});
  const at::Tensor wide = at::ones({2, 8});
  const at::Tensor tall = at::ones({8, 2});
  expect_sum({[&] { at::mm(a, a); }, [&] { at::mm(wide, tall); }, [&] { at::mm(tall, wide); }});
}

TEST(Remembered, Dtypes) {
  const at::Tensor single = at::ones({4, 4});
  const at::Tensor whole = at::ones({4, 4}, at::kInt);
  const at::Tensor half = at::ones({4, 4}, at::kBFloat16);
  expect_sum({[&] { at::add(single, single); }, [&] { at::add(half, half); }, [&] { at::add(whole, single); },
              [&] { at::sum(half, {0}); }, [&] { at::sum(half, {0}, false, at::kFloat); }});
}

TEST(Remembered, ExpandedTensors) {
  const at::Tensor full = at::ones({4, 6});
  const at::Tensor row = at::ones({1, 6}).expand({4, 6});
  const at::Tensor column = at::ones({4, 1}).expand({4, 6});
  expect_sum({[&] { at::add(full, full); }, [&] { at::add(full, row); }, [&] { at::add(column, row); }, [&] { at::erfinv(full); },
              [&] { at::erfinv(row); }});
}

TEST(Remembered, OtherArguments) {
  const at::Tensor x = at::ones({1, 4, 9, 9});
  const at::Tensor dense = at::ones({4, 4, 3, 3});
  const at::Tensor grouped = at::ones({4, 1, 3, 3});
  const at::Tensor bias = at::ones({4});
  const std::vector<std::int64_t> none = {0, 0};
  const std::vector<std::int64_t> one = {1, 1};
  const std::vector<std::int64_t> stride = {2, 2};
  expect_sum({[&] { at::conv2d(x, dense); }, [&] { at::conv2d(x, dense, bias); },
              [&] { at::conv2d(x, grouped, {}, one, none, one, /*groups=*/4); }, [&] { at::conv2d(x, dense, {}, stride); },
              [&] { at::cumsum(x, 2); }, [&] { at::pow(x, 2); }, [&] { at::pow(x, 0.5); }, [&] { at::log_softmax(x, 1); },
              [&] { at::add(x, x, 2); }, [&] { at::add(x, x, 0.5); }});
}

TEST(Remembered, TensorLists) {
  const at::Tensor a = at::ones({2, 3});
  const at::Tensor b = at::ones({4, 3});
  expect_sum({[&] { at::cat({a, b}); }, [&] { at::cat({b, a}); }, [&] { at::cat({a, b, b}); }, [&] { at::cat({a}); }});
}

TEST(Remembered, ResultsThatDependOnData) {
  at::Tensor mask = at::ones({8}, at::kBool);
  const at::Tensor x = at::ones({8});
  const CountingGuard guard;
  std::int64_t selected = 0;
  for (int i = 0; i < 64; ++i) {
    {
      const PauseCounting pause;
      mask.narrow(0, 0, i % 8).fill_(i % 3 == 0);
      selected += mask.sum().item<std::int64_t>();
    }
    at::masked_select(x, mask);
    at::nonzero(mask);
  }
  const Tally tally = guard.tally();
  EXPECT_EQ(cost_of(tally, "aten::masked_select").activations, selected);
  EXPECT_EQ(cost_of(tally, "aten::nonzero").activations, selected);
}

TEST(Remembered, ADefaultDtypeThatChanges) {
  const at::Tensor whole = at::ones({4}, at::kLong);
  const CountingGuard guard;
  for (int i = 0; i < 10; ++i) at::div(whole, whole);  // 4 results of 4 bytes each
  c10::set_default_dtype(caffe2::TypeMeta::Make<double>());
  for (int i = 0; i < 10; ++i) at::div(whole, whole);  // of 8 bytes each
  c10::set_default_dtype(caffe2::TypeMeta::Make<float>());
  EXPECT_EQ(guard.tally().total().bytes_written, 10 * 4 * 4 + 10 * 4 * 8);
}

TEST(Remembered, InPlaceAndOut) {
  at::Tensor x = at::ones({4, 4});
  at::Tensor out = at::empty({4, 4});
  expect_sum({[&] { x.mul_(1); }, [&] { x.add_(x, 0); }, [&] { at::mm_out(out, x, x); }});
}

TEST(Remembered, OutThatIsResized) {
  const at::Tensor x = at::ones({4, 4});
  const at::Tensor y = at::ones({4});
  at::Tensor right = at::empty({4, 4});
  at::Tensor transposed = at::empty({4, 4}).t();
  at::Tensor wider = at::empty({4, 4}, at::kDouble);
  const auto into_nothing = [&] {
    at::Tensor out = at::empty({0});
    at::add_out(out, x, y);
  };
  expect_sum({into_nothing, [&] { at::add_out(right, x, y); }, [&] { at::add_out(transposed, x, x); },
              [&] { at::add_out(wider, x, y); }, [&] { at::add_out(right, x, x, 2); }, [&] { at::erfinv_out(right, x); }});
  // 16 elements of 4 bytes are written, whatever the size of out was before.
  EXPECT_EQ(cost_of_one(into_nothing).bytes_written, 16 * 4);
}

TEST(Remembered, SeveralOuts) {
  const at::Tensor x = at::ones({4, 4});
  at::Tensor values = at::empty({4});
  at::Tensor indices = at::empty({4}, at::kLong);
  expect_sum({[&] { at::max_out(values, indices, x, 0); }, [&] { at::max_out(values, indices, x, 1); },
              [&] {
                at::Tensor to = at::empty({0});
                at::Tensor from = at::empty({0}, at::kLong);
                at::max_out(to, from, x, 0, /*keepdim=*/true);
              }});
}

TEST(Remembered, OutsThatDependOnData) {
  at::Tensor mask = at::ones({8}, at::kBool);
  const at::Tensor x = at::ones({8});
  const CountingGuard guard;
  std::int64_t selected = 0;
  for (int i = 0; i < 64; ++i) {
    at::Tensor out;
    at::Tensor positions;
    {
      const PauseCounting pause;
      mask.narrow(0, 0, i % 8).fill_(i % 3 == 0);
      selected += mask.sum().item<std::int64_t>();
      out = at::empty({0});
      positions = at::empty({0}, at::kLong);
    }
    at::masked_select_out(out, x, mask);
    at::nonzero_out(positions, mask);
  }
  const Tally tally = guard.tally();
  EXPECT_EQ(cost_of(tally, "aten::masked_select").activations, selected);
  EXPECT_EQ(cost_of(tally, "aten::nonzero").activations, selected);
}

// What optimizers call that take all parameters at once: nothing is returned.
TEST(Remembered, ListsThatAreWrittenTo) {
  std::vector<at::Tensor> a = {at::ones({2, 3}), at::ones({4})};
  std::vector<at::Tensor> b = {at::ones({2, 3}), at::ones({4})};
  std::vector<at::Tensor> longer = {at::ones({2, 3}), at::ones({5})};
  std::vector<at::Tensor> one = {at::ones({4})};
  int step = 0;
  expect_sum({[&] { at::_foreach_add_(a, 1); }, [&] { at::_foreach_add_(a, 0.5 + step++ % 3); }, [&] { at::_foreach_add_(a, b); },
              [&] { at::_foreach_mul_(one, 2); }, [&] { at::_foreach_mul_(longer, b[0].sum().item()); },
              [&] {
                at::_foreach_mul_(longer, std::vector<at::Scalar>{0.5, 3});
              },
              [&] { at::_foreach_sqrt_(a); }, [&] { at::_foreach_sqrt_(longer); }, [&] { at::_foreach_addcdiv_(a, b, b, 0.1); },
              [&] {
                at::_foreach_addcdiv_(a, b, b, std::vector<at::Scalar>{0.1 + step++, 2});
              }});
}

TEST(Remembered, AFormulaOfTheUsersIsAskedEveryTime) {
  int asked = 0;
  const CountingGuard guard(FormulaSet::builtin().set("aten::mm", [&](const OpCall&, Cost& cost) { cost.flops += ++asked; }));
  for (int i = 0; i < 100; ++i) product();
  EXPECT_EQ(asked, 100);
  EXPECT_EQ(cost_of(guard.tally(), "aten::mm").flops, 100 * 101 / 2);
}

TEST(Remembered, ACallThatThrowsIsNotCounted) {
  const at::Tensor a = at::ones({2, 3});
  const at::Tensor b = at::ones({3, 4});
  const CountingGuard guard;
  for (int i = 0; i < 20; ++i) {
    at::mm(a, b);
    EXPECT_THROW(at::mm(a, a), std::exception);
  }
  EXPECT_EQ(macs(guard), 20 * kProductMacs);
  EXPECT_EQ(calls_of(guard.tally(), "aten::mm"), 20);
}

// It is looked at before it runs.
TEST(Remembered, ACallIntoOutThatThrowsIsNotCounted) {
  const at::Tensor a = at::ones({2, 3});
  const at::Tensor b = at::ones({3, 4});
  at::Tensor out = at::empty({2, 4});
  at::Tensor whole = at::empty({2, 4}, at::kLong);
  const CountingGuard guard;
  for (int i = 0; i < 20; ++i) {
    at::mm_out(out, a, b);
    EXPECT_THROW(at::mm_out(whole, a, b), std::exception);
  }
  EXPECT_EQ(macs(guard), 20 * kProductMacs);
  EXPECT_EQ(calls_of(guard.tally(), "aten::mm"), 20);
}

TEST(Remembered, NestedGuards) {
  const at::Tensor a = at::ones({2, 3});
  const at::Tensor b = at::ones({3, 4});
  const CountingGuard outer;
  for (int i = 0; i < 10; ++i) at::mm(a, b);
  {
    const CountingGuard inner;
    for (int i = 0; i < 10; ++i) at::mm(a, b);
    EXPECT_EQ(macs(inner), 10 * kProductMacs);
  }
  for (int i = 0; i < 10; ++i) at::mm(a, b);
  EXPECT_EQ(macs(outer), 30 * kProductMacs);
}

TEST(Remembered, RepetitionsSaturate) {
  const at::Tensor big = at::empty({1 << 20, 1 << 20}, at::device(at::kMeta));  // 2^60 MACs a product
  const CountingGuard guard;
  for (int i = 0; i < 20; ++i) at::mm(big, big);
  const Cost cost = guard.tally().total();
  EXPECT_TRUE(cost.macs.saturated());
  EXPECT_EQ(cost.calls, 20);
}

TEST(Remembered, SparseTensorsAreCountedEveryTime) {
  const at::Tensor sparse = at::ones({4, 4}).to_sparse();
  const at::Tensor dense = at::ones({4, 4});
  expect_sum({[&] { at::add(sparse, sparse); }, [&] { at::add(dense, dense); }, [&] { at::add(dense, sparse); }});
}

TEST(Remembered, ATallyOfAnotherThreadNeverGoesBack) {
  const at::Tensor a = at::ones({2, 3});
  const at::Tensor b = at::ones({3, 4});
  const CountingGuard guard;
  std::atomic<bool> done = false;
  std::thread reader([&] {
    std::int64_t last = 0;
    while (!done) {
      const std::int64_t now = guard.tally().total().macs;
      EXPECT_GE(now, last);
      EXPECT_EQ(now % 6, 0);  // all products here have a multiple of 6 MACs
      last = now;
    }
  });
  std::int64_t expected = 0;
  for (std::int64_t n = 1; n <= 2000; ++n) {
    const std::int64_t columns = n % 50 == 0 ? 1 : 4;
    at::mm(a, columns == 1 ? b.narrow(1, 0, 1) : b);
    expected += 6 * columns;
  }
  done = true;
  reader.join();
  EXPECT_EQ(macs(guard), expected);
}

}  // namespace
}  // namespace torchtally::testing
