// Training steps: phases, optimizers, module formulas, owners and callers, the call helpers, other threads.
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support.h"
#include "torchtally/call.h"
#include "torchtally/torchtally.h"

namespace torchtally::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// 8 inputs, 12 hidden, 3 outputs, without a single scope.
struct Mlp : torch::nn::Module {
  Mlp() {
    register_module("up", up);
    register_module("down", down);
  }
  at::Tensor forward(const at::Tensor& x) { return down->forward(up->forward(x).relu()); }
  torch::nn::Linear up = torch::nn::Linear(8, 12);
  torch::nn::Linear down = torch::nn::Linear(12, 3);
};

constexpr std::int64_t kRows = 5;
constexpr std::int64_t kUp = kRows * 8 * 12;
constexpr std::int64_t kDown = kRows * 12 * 3;
constexpr std::int64_t kParameters = 8 * 12 + 12 + 12 * 3 + 3;

at::Tensor batch() { return at::randn({kRows, 8}); }

Cost in_phase(const Tally& tally, const char* phase) { return tally.by_phase().at(phase); }

TEST(Training, AStepOfSgdByPhase) {
  Mlp net;
  torch::optim::SGD optimizer(net.parameters(), torch::optim::SGDOptions(0.1));
  CountingGuard guard(net);
  optimizer.zero_grad();
  net.forward(batch()).square().mean().backward();
  optimizer.step();
  const Tally tally = guard.tally();
  EXPECT_EQ(in_phase(tally, "forward").macs, kUp + kDown);
  EXPECT_EQ(in_phase(tally, "backward").macs, kUp + 2 * kDown);  // x wants no gradient
  EXPECT_EQ(in_phase(tally, "optimizer").macs, 0);
  // p += -0.1 · grad: a multiplication and an addition each.
  EXPECT_EQ(in_phase(tally, "optimizer").flops, 2 * kParameters);
  EXPECT_EQ(in_phase(tally, "optimizer").calls, 4);
  EXPECT_EQ(in_phase(tally, "recompute"), Cost());
  EXPECT_EQ(in_phase(tally, "other"), Cost());
}

// Weight decay reads the parameter beside its gradient, of the same shape: still the optimizer.
TEST(Training, AStepOfAdamWithWeightDecay) {
  Mlp net;
  torch::optim::Adam optimizer(net.parameters(), torch::optim::AdamOptions(0.1).weight_decay(0.01));
  const auto step = [&] {
    optimizer.zero_grad();
    net.forward(batch()).square().mean().backward();
    optimizer.step();
  };
  step();
  CountingGuard guard(net);
  step();
  step();
  const Tally tally = guard.tally();
  EXPECT_EQ(in_phase(tally, "forward").macs, 2 * (kUp + kDown));
  EXPECT_EQ(in_phase(tally, "backward").macs, 2 * (kUp + 2 * kDown));
  // Per element: decay 2, first moment 1 + 2, second 1 + 3, denominator 1 + 1, update 3; a square root apart.
  EXPECT_EQ(in_phase(tally, "optimizer").flops, 2 * 14 * kParameters);
  EXPECT_EQ(in_phase(tally, "optimizer").transcendentals, 2 * kParameters);
}

// What is logged between the backward and the step, with gradients enabled, and what touches gradients there.
TEST(Training, TheStepIsTheOptimizersWhateverRunsBeforeIt) {
  Mlp net;
  torch::optim::SGD optimizer(net.parameters(), torch::optim::SGDOptions(0.1));
  CountingGuard guard(net);
  constexpr int kSteps = 3;
  for (int i = 0; i < kSteps; ++i) {
    const at::Tensor y = net.forward(batch());
    const at::Tensor loss = y.square().mean();
    loss.backward();
    loss.item<float>();
    y.argmax(1).eq(0).sum();
    for (const at::Tensor& parameter : net.parameters()) parameter.grad().div_(2);
    optimizer.step();
    optimizer.zero_grad();
    batch().sub_(1).div_(2);  // the next one's preparation
  }
  const Tally tally = guard.tally();
  EXPECT_EQ(in_phase(tally, "forward").macs, kSteps * (kUp + kDown));
  EXPECT_EQ(in_phase(tally, "optimizer").macs, 0);
  EXPECT_EQ(in_phase(tally, "optimizer").flops, kSteps * (1 + 2) * kParameters);
}

// A network without gradients runs after the step: its parameters are used, so that is no optimizer.
TEST(Training, AFrozenModelAfterAStepIsForward) {
  Mlp net;
  torch::optim::SGD optimizer(net.parameters(), torch::optim::SGDOptions(0.1));
  CountingGuard guard(net);
  net.forward(batch()).sum().backward();
  optimizer.step();
  for (const at::Tensor& parameter : net.parameters()) parameter.requires_grad_(false);
  net.forward(batch());
  EXPECT_EQ(in_phase(guard.tally(), "forward").macs, 2 * (kUp + kDown));
  EXPECT_EQ(in_phase(guard.tally(), "optimizer").macs, 0);
}

// Evaluation after the optimizer's step, without gradients and without scopes: weights are used as weights.
TEST(Training, EvaluationAfterAStepIsForward) {
  Mlp net;
  torch::optim::SGD optimizer(net.parameters(), torch::optim::SGDOptions(0.1));
  CountingGuard guard(net);
  net.forward(batch()).sum().backward();
  optimizer.step();
  {
    const at::NoGradGuard no_grad;
    net.forward(batch());
  }
  EXPECT_EQ(in_phase(guard.tally(), "forward").macs, 2 * (kUp + kDown));
  EXPECT_EQ(in_phase(guard.tally(), "optimizer").macs, 0);
}

// Where the same operator as in the steps before is expected of the optimizer, with tensors of one size.
TEST(Training, EvaluationThatBeginsAsAnOptimizerDoes) {
  Mlp net;
  const at::Tensor& weight = net.down->weight;
  const at::Tensor row = at::randn({12});
  CountingGuard guard(net);
  constexpr int kSteps = 5;
  for (int i = 0; i <= kSteps; ++i) {
    net.forward(batch()).sum().backward();
    const at::NoGradGuard no_grad;
    at::mul(i < kSteps ? weight : row, weight);
  }
  const Tally tally = guard.tally();
  EXPECT_EQ(in_phase(tally, "optimizer").calls, kSteps);
  EXPECT_EQ(tally.by_module_and_operator().at("down").at("aten::mul").calls, 1);
}

TEST(Training, APhaseScopeSaysWhatItIs) {
  Mlp net;
  CountingGuard guard(net);
  {
    PhaseScope evaluation(Phase::kOther);
    const at::NoGradGuard no_grad;
    net.forward(batch());
    {
      PhaseScope inner(Phase::kOptimizer);
      product();
    }
  }
  product();
  const Tally tally = guard.tally();
  EXPECT_EQ(in_phase(tally, "other").macs, kUp + kDown);
  EXPECT_EQ(in_phase(tally, "optimizer").macs, kProductMacs);
  EXPECT_EQ(in_phase(tally, "forward").macs, kProductMacs);
}

TEST(Training, APhaseScopeWithoutAGuardDoesNothing) {
  PhaseScope phase(Phase::kOther);
  EXPECT_TRUE(thread_is_clean());
}

TEST(Training, AnEndedPhaseScopeOutOfOrderIsAnError) {
  CountingGuard guard;
  auto* outer = new PhaseScope(Phase::kOther);
  auto* inner = new PhaseScope(Phase::kOptimizer);
  EXPECT_THROW(delete outer, GuardMisuse);
  delete inner;
  product();
  EXPECT_EQ(in_phase(guard.tally(), "forward").macs, kProductMacs);
}

// Gradients of two forwards meet: the sum is the step's own, by whoever is last.
TEST(Training, GradientAccumulationOverTwoForwards) {
  Mlp net;
  CountingGuard guard(net);
  net.forward(batch()).sum().backward();
  net.forward(batch()).sum().backward();
  const Tally tally = guard.tally();
  EXPECT_EQ(in_phase(tally, "backward").macs, 2 * (kUp + 2 * kDown));
  EXPECT_EQ(tally.by_module_and_phase().at("up").at("backward").macs, 2 * kUp);
  EXPECT_EQ(tally.by_module_and_phase().at("down").at("backward").macs, 2 * 2 * kDown);
}

// Module formulas.

TEST(ModuleFormulas, ReplaceWhatIsCountedInside) {
  Mlp net;
  FormulaSet formulas = FormulaSet::builtin();
  formulas.set_module("Linear", [](const ModuleCall& call, Cost& cost) {
    cost.add_macs(1000 * call.input_sizes.at(0).at(1) + call.output_sizes.at(0).at(1));
  });
  CountingGuard guard(net, formulas);
  call(net.down, call(net.up, batch())).sum().backward();
  const Tally tally = guard.tally();
  EXPECT_EQ(module_macs(tally, "up"), 8012 + kUp);  // forward by formula, backward as it ran
  EXPECT_EQ(module_macs(tally, "down"), 12003 + 2 * kDown);
  EXPECT_EQ(tally.by_operator().at("torchtally::module(Linear, replaced)").macs, 20015);
  EXPECT_EQ(tally.by_operator().count("aten::addmm"), 0U);
  EXPECT_EQ(in_phase(tally, "forward").macs, 20015);
  EXPECT_THAT(to_json(tally), ::testing::HasSubstr("torchtally::module(Linear, replaced)"));
}

TEST(ModuleFormulas, AddByName) {
  Mlp net;
  FormulaSet formulas = FormulaSet::builtin();
  formulas.set_module(
      "Linear", [](const ModuleCall&, Cost& cost) { cost.add_macs(1); }, ModuleCost::kAdd);
  formulas.set_module(
      "down", [](const ModuleCall&, Cost& cost) { cost.add_macs(7); }, ModuleCost::kAdd);
  CountingGuard guard(net, formulas);
  call(net.down, call(net.up, batch()));
  EXPECT_EQ(module_macs(guard.tally(), "up"), kUp + 1);
  EXPECT_EQ(module_macs(guard.tally(), "down"), kDown + 7);  // the name wins over the type
}

TEST(ModuleFormulas, GivenToAScope) {
  CountingGuard guard;
  Cost cost;
  cost.add_macs(5);
  {
    ModuleScope scope("kernel", cost, ModuleCost::kReplace);
    product();
    ModuleScope inner("part", cost, ModuleCost::kAdd);  // inside of what is replaced
    product();
  }
  {
    ModuleScope scope("more", cost, ModuleCost::kAdd);
    product();
  }
  const Tally tally = guard.tally();
  EXPECT_EQ(module_macs(tally, "kernel"), 5);
  EXPECT_EQ(module_macs(tally, "more"), kProductMacs + 5);
  EXPECT_EQ(tally.total().macs, kProductMacs + 10);
}

TEST(ModuleFormulas, ACallThatThrowsIsNotCounted) {
  CountingGuard guard;
  Cost cost;
  cost.add_macs(5);
  EXPECT_THROW(
      {
        ModuleScope scope("kernel", cost, ModuleCost::kAdd);
        throw std::runtime_error("no");
      },
      std::runtime_error);
  EXPECT_EQ(macs(guard), 0);
}

// As where the exception is Python's.
TEST(ModuleFormulas, ACallThatIsSaidToHaveFailedIsNotCounted) {
  CountingGuard guard;
  Cost cost;
  cost.add_macs(5);
  {
    ModuleScope scope("kernel", cost, ModuleCost::kAdd);
    scope.set_input_sizes({{1, 2}});
    scope.set_failed();
  }
  EXPECT_EQ(macs(guard), 0);
  EXPECT_THAT(guard.tally().modules().at(1).input_sizes, IsEmpty());
}

TEST(ModuleFormulas, OneThatThrowsLeavesTheScopeClosed) {
  Mlp net;
  FormulaSet formulas = FormulaSet::builtin();
  formulas.set_module("up", [](const ModuleCall& call, Cost& cost) { cost.add_macs(call.input_sizes.at(3).at(0)); });
  {
    CountingGuard guard(net, formulas);
    EXPECT_THROW(call(net.up, batch()), std::out_of_range);
    product();
    EXPECT_EQ(module_macs(guard.tally(), "up"), 0);
    EXPECT_EQ(macs(guard), kProductMacs);
  }
  EXPECT_TRUE(thread_is_clean());
}

TEST(ModuleFormulas, OfOneOfTwoNestedGuards) {
  Mlp net;
  FormulaSet formulas = FormulaSet::builtin();
  formulas.set_module("Linear", [](const ModuleCall&, Cost& cost) { cost.add_macs(1); });
  CountingGuard outer(net);
  CountingGuard guard(net, formulas);
  call(net.up, batch());
  EXPECT_EQ(macs(guard), 1);
  EXPECT_EQ(macs(outer), kUp);
}

TEST(ModuleFormulas, AnEmptyOneIsRefused) {
  EXPECT_THROW(FormulaSet::builtin().set_module("Linear", ModuleFormula()), std::invalid_argument);
}

// up is called by down's scope: by owner it is not a part of it, by caller it is.
TEST(Callers, AreToldFromOwners) {
  Mlp net;
  CountingGuard guard(net);
  {
    ModuleScope scope(*net.down);
    call(net.up, batch()).sum().backward();
  }
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.by_module().at("down").macs, 0);
  EXPECT_EQ(tally.by_module(Ancestors::kCaller).at("down").macs, 2 * kUp);  // its backward too
  EXPECT_EQ(tally.by_module(Ancestors::kCaller).at("up").macs, 2 * kUp);
  EXPECT_EQ(tally.by_module(Ancestors::kCaller).at("").macs, 2 * kUp);
}

TEST(Call, OpensScopesAndNotesSizes) {
  struct Net : torch::nn::Module {
    Net() {
      layers->push_back(torch::nn::Linear(8, 12));
      layers->push_back(torch::nn::ReLU());
      layers->push_back(torch::nn::Linear(12, 3));
      heads->push_back(torch::nn::Linear(3, 3));
      heads->push_back(torch::nn::Linear(3, 3));
      register_module("layers", layers);
      register_module("heads", heads);
    }
    torch::nn::Sequential layers;
    torch::nn::ModuleList heads;
  } net;
  CountingGuard guard(net);
  const at::Tensor y = call_in_turn<torch::nn::LinearImpl>(net.heads, call(net.layers, batch()));
  EXPECT_THAT(y.sizes().vec(), ElementsAre(kRows, 3));
  torch::nn::AnyModule any(torch::nn::Linear(3, 2));
  call(any, y);
  const Tally tally = guard.tally();
  EXPECT_EQ(module_macs(tally, "layers.0"), kUp);
  EXPECT_EQ(tally.by_module().at("layers.1").flops, kRows * 12);
  EXPECT_EQ(module_macs(tally, "layers.2"), kDown);
  EXPECT_EQ(module_macs(tally, "heads.1"), kRows * 3 * 3);
  EXPECT_EQ(module_macs(tally, "torch::nn::LinearImpl"), kRows * 3 * 2);  // not part of the model
  EXPECT_THAT(tally.uncalled_modules(), IsEmpty());
  std::map<std::string, ModuleInfo> modules;
  for (const ModuleInfo& module : tally.modules()) modules[module.name] = module;
  EXPECT_EQ(modules.at("layers").calls, 1);
  EXPECT_THAT(modules.at("layers").input_sizes, ElementsAre(ElementsAre(kRows, 8)));
  EXPECT_THAT(modules.at("layers").output_sizes, ElementsAre(ElementsAre(kRows, 3)));
  EXPECT_THAT(modules.at("layers.2").input_sizes, ElementsAre(ElementsAre(kRows, 12)));
}

TEST(Call, WithoutAGuardIsThePlainCall) {
  torch::nn::Sequential layers(torch::nn::Linear(8, 12), torch::nn::Linear(12, 3));
  const at::Tensor x = batch();
  EXPECT_TRUE(at::equal(call(layers, x), layers->forward(x)));
  torch::nn::Sequential empty;
  EXPECT_THROW(call(empty, x), c10::Error);
}

// A pool of the user's own, and an OpenMP loop over replicas as torch::nn::parallel has it.
TEST(Threads, OfAPoolThatAdoptsTheContext) {
  Mlp net;
  constexpr int kThreads = 4;
  constexpr int kCalls = 50;
  CountingGuard guard(net);
  {
    ModuleScope scope("pool");
    const ThreadContext context = ThreadContext::current();
    std::vector<std::thread> pool;
    for (int i = 0; i < kThreads; ++i) {
      pool.emplace_back([context] {
        AdoptContext adopt(context);
        for (int call = 0; call < kCalls; ++call) product();
      });
    }
    for (std::thread& thread : pool) thread.join();
  }
  EXPECT_EQ(module_macs(guard.tally(), "pool"), kThreads * kCalls * kProductMacs);
}

// The pass of each step has the address of the one before, most likely.
TEST(Threads, BackwardOnAThreadThatAdoptsTheContextEveryTime) {
  Mlp net;
  torch::optim::SGD optimizer(net.parameters(), torch::optim::SGDOptions(0.1));
  CountingGuard guard(net);
  const ThreadContext context = ThreadContext::current();
  std::mutex mutex;
  std::condition_variable changed;
  at::Tensor loss;  // defined: to be done
  bool ends = false;
  std::thread worker([&] {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return ends || loss.defined(); });
      if (ends) return;
      {
        AdoptContext adopt(context);
        loss.backward();
      }
      loss.reset();
      changed.notify_all();
    }
  });
  constexpr int kSteps = 6;
  for (int i = 0; i < kSteps; ++i) {
    std::unique_lock lock(mutex);
    loss = net.forward(batch()).sum();
    changed.notify_all();
    changed.wait(lock, [&] { return !loss.defined(); });
    optimizer.step();
  }
  {
    const std::lock_guard lock(mutex);
    ends = true;
  }
  changed.notify_all();
  worker.join();
  EXPECT_EQ(in_phase(guard.tally(), "optimizer").flops, kSteps * 2 * kParameters);
}

TEST(Threads, ReplicasInAParallelLoop) {
  Mlp net;
  CountingGuard guard(net);
  const ThreadContext context = ThreadContext::current();
  std::vector<at::Tensor> losses(3);
  at::parallel_for(0, 3, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      AdoptContext adopt(context);
      losses[i] = net.forward(batch()).sum();
    }
  });
  (losses[0] + losses[1] + losses[2]).backward();
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.by_module_and_phase().at("up").at("forward").macs, 3 * kUp);
  EXPECT_EQ(tally.by_module_and_phase().at("up").at("backward").macs, 3 * kUp);
  EXPECT_EQ(tally.by_module_and_phase().at("down").at("backward").macs, 3 * 2 * kDown);
}

TEST(Threads, AContextOfNothingIsNone) {
  const ThreadContext none = ThreadContext::current();
  CountingGuard guard;
  {
    PauseCounting pause;
    const ThreadContext paused = ThreadContext::current();
    AdoptContext adopt(paused);
    product();
  }
  {
    AdoptContext adopt(none);
    product();
  }
  EXPECT_EQ(macs(guard), kProductMacs);
}

}  // namespace
}  // namespace torchtally::testing
