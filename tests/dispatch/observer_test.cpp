// What an observer is told of: every call that its guard counts, once, with its cost and place.
#include <ATen/ops/add.h>
#include <ATen/ops/linear.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <mutex>
#include <string>
#include <vector>

#include "support.h"
#include "torchtally/call_observer.h"
#include "torchtally/module_scope.h"

namespace torchtally::testing {
namespace {

struct Seen {
  std::string op;
  std::string module;
  Phase phase;
  DType dtype;
  Cost cost;
  std::vector<std::int64_t> first_sizes;
  std::int64_t nanoseconds;
  std::uint32_t thread;
};

class Recorder : public CallObserver {
 public:
  void on_call(const CallRecord& record) noexcept override {
    const std::lock_guard lock(mutex_);
    std::vector<std::int64_t> sizes;
    if (record.call != nullptr) {
      const auto view = record.call->tensor(0).sizes();
      sizes.assign(view.begin(), view.end());
    }
    seen.push_back({std::string(record.op), std::string(record.module), record.phase, record.dtype, record.cost, std::move(sizes),
                    std::chrono::nanoseconds(record.end - record.begin).count(), record.thread});
  }
  Cost total() const {
    Cost total;
    for (const Seen& call : seen) total += call.cost;
    return total;
  }

  std::vector<Seen> seen;

 private:
  std::mutex mutex_;
};

TEST(Observer, IsToldOfEveryCallWithItsShapesAndTime) {
  Recorder recorder;
  const CountingGuard guard(FormulaSet::builtin(), &recorder);
  const at::Tensor x = at::ones({2, 3});
  recorder.seen.clear();
  {
    const ModuleScope scope("block");
    at::mm(x, at::ones({3, 4}));
  }
  ASSERT_EQ(recorder.seen.size(), 2U);
  EXPECT_EQ(recorder.seen[0].op, "aten::ones");
  const Seen& mm = recorder.seen[1];
  EXPECT_EQ(mm.op, "aten::mm");
  EXPECT_EQ(mm.module, "block");
  EXPECT_EQ(mm.phase, Phase::kForward);
  EXPECT_EQ(mm.dtype, DType::kFloat32);
  EXPECT_EQ(mm.cost.macs, kProductMacs);
  EXPECT_EQ(mm.cost.calls, 1);
  EXPECT_EQ(mm.first_sizes, (std::vector<std::int64_t>{2, 3}));
  EXPECT_GT(mm.nanoseconds, 0);
  EXPECT_GT(mm.thread, 0U);
}

TEST(Observer, SeesWhatTheTallyHas) {
  Recorder recorder;
  const CountingGuard guard(FormulaSet::builtin(), &recorder);
  const at::Tensor weight = torch::ones({4, 3}).requires_grad_();
  for (int i = 0; i < 20; ++i) {  // also where the calls would be remembered
    at::linear(at::ones({2, 3}), weight, at::ones({4})).relu().sum().backward();
  }
  EXPECT_EQ(recorder.total(), guard.tally().total());
  Cost backward;
  for (const Seen& call : recorder.seen) {
    if (call.phase == Phase::kBackward) backward += call.cost;
  }
  EXPECT_EQ(backward, guard.tally().by_phase().at("backward"));
  EXPECT_GT(backward.macs, 0);
}

TEST(Observer, OfEitherGuardSeesItsOwn) {
  Recorder of_outer;
  Recorder of_inner;
  const CountingGuard outer(FormulaSet::builtin(), &of_outer);
  product();
  {
    const CountingGuard inner(FormulaSet::builtin(), &of_inner);
    product();
    EXPECT_EQ(of_inner.total(), inner.tally().total());
  }
  product();
  EXPECT_EQ(of_outer.total(), outer.tally().total());
  EXPECT_EQ(of_outer.total().macs, 3 * kProductMacs);
  EXPECT_EQ(of_inner.total().macs, kProductMacs);
}

TEST(Observer, HearsNothingFromAGuardThatHasNone) {
  Recorder recorder;
  const CountingGuard outer(FormulaSet::builtin(), &recorder);
  const std::size_t before = recorder.seen.size();
  {
    const PauseCounting pause;
    product();
    const CountingGuard alone;
    product();
  }
  EXPECT_EQ(recorder.seen.size(), before);
}

TEST(Observer, IsNotToldOfACallThatThrows) {
  Recorder recorder;
  const CountingGuard guard(FormulaSet::builtin(), &recorder);
  const at::Tensor x = at::ones({2, 3});
  recorder.seen.clear();
  EXPECT_ANY_THROW(at::mm(x, x));
  EXPECT_EQ(recorder.seen.size(), 0U);
  EXPECT_EQ(cost_of(guard.tally(), "aten::mm").calls, 0);
}

// A formula that adds to what is counted inside takes no time of its own; one that replaces it has that of the scope.
TEST(Observer, IsToldOfModuleFormulas) {
  for (const ModuleCost how : {ModuleCost::kAdd, ModuleCost::kReplace}) {
    Recorder recorder;
    auto formulas = FormulaSet::builtin();
    formulas.set_module(
        "block", [](const ModuleCall&, Cost& cost) { cost.add_macs(7); }, how);
    const CountingGuard guard(formulas, &recorder);
    {
      const ModuleScope scope("block");
      product();
    }
    ASSERT_FALSE(recorder.seen.empty());
    const Seen& block = recorder.seen.back();
    EXPECT_EQ(block.op, how == ModuleCost::kAdd ? "torchtally::module(block)" : "torchtally::module(block, replaced)");
    EXPECT_EQ(block.module, "block");
    EXPECT_EQ(block.phase, Phase::kForward);
    EXPECT_EQ(block.cost.macs, 7);
    EXPECT_EQ(block.nanoseconds > 0, how == ModuleCost::kReplace);
    EXPECT_EQ(recorder.total(), guard.tally().total());
  }
}

TEST(Observer, LeavesTheThreadClean) {
  {
    Recorder recorder;
    const CountingGuard guard(FormulaSet::builtin(), &recorder);
    product();
  }
  EXPECT_TRUE(thread_is_clean());
}

}  // namespace
}  // namespace torchtally::testing
