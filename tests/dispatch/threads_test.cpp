// Threads: those that the guarded thread's work reaches are counted, others are not, and nothing is lost where they meet.
#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/custom_function.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "support.h"
#include "torchtally/module_scope.h"

namespace torchtally::testing {
namespace {

template <typename Work>
void launch_and_wait(Work work) {
  std::promise<void> done;
  at::launch([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

// (2, 3) x (3, 4) with both gradients: 24 MACs forward, (2, 4) x (4, 3) and (3, 2) x (2, 4) backward.
constexpr std::int64_t kStepMacs = 72;
void step() {
  const at::Tensor a = at::ones({2, 3}).requires_grad_();
  const at::Tensor b = at::ones({3, 4}).requires_grad_();
  at::mm(a, b).sum().backward();
}

TEST(Threads, ALaunchedTaskIsCounted) {
  CountingGuard guard;
  std::thread::id there;
  launch_and_wait([&] {
    there = std::this_thread::get_id();
    product();
  });
  EXPECT_NE(there, std::this_thread::get_id());
  EXPECT_EQ(macs(guard), kProductMacs);
}

TEST(Threads, ALaunchedTaskStartsInTheModuleOfItsLauncher) {
  CountingGuard guard;
  ModuleScope scope("encoder");
  launch_and_wait([] {
    product();
    ModuleScope inside("layer");
    product();
  });
  EXPECT_EQ(module_macs(guard.tally(), "encoder"), 2 * kProductMacs);
  EXPECT_EQ(module_macs(guard.tally(), "encoder.layer"), kProductMacs);
}

TEST(Threads, AThreadOfTheUsersOwnIsNotCounted) {
  CountingGuard guard;
  bool included = true;
  std::thread([&] {
    included = key_is_included();
    product();
  }).join();
  EXPECT_FALSE(included);
  EXPECT_EQ(macs(guard), 0);
}

TEST(Threads, GuardsOnTwoThreadsKeepApart) {
  std::promise<void> one_is_open;
  std::promise<void> two_is_done;
  std::int64_t first = 0;
  std::int64_t second = 0;
  std::thread one([&] {
    CountingGuard guard;
    one_is_open.set_value();
    product();
    two_is_done.get_future().wait();
    first = macs(guard);
  });
  std::thread two([&] {
    one_is_open.get_future().wait();
    CountingGuard guard;
    product();
    product();
    second = macs(guard);
    two_is_done.set_value();
  });
  one.join();
  two.join();
  EXPECT_EQ(first, kProductMacs);
  EXPECT_EQ(second, 2 * kProductMacs);
}

TEST(Threads, EachWithItsOwnGuardAndBackward) {
  std::vector<std::int64_t> counted(4);
  std::vector<std::thread> threads;
  for (std::int64_t& result : counted) {
    threads.emplace_back([&result] {
      CountingGuard guard;
      for (int i = 0; i < 200; ++i) step();
      result = macs(guard);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(counted, ::testing::Each(200 * kStepMacs));
}

TEST(Threads, OneGuardAndBackwardOnManyThreads) {
  CountingGuard guard;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    // What autograd's workers, at::launch and TorchScript's forks do.
    threads.emplace_back([state = at::ThreadLocalState()] {
      const at::ThreadLocalStateGuard inherited(state);
      for (int i = 0; i < 200; ++i) step();
    });
  }
  for (int i = 0; i < 200; ++i) step();
  for (std::thread& thread : threads) thread.join();
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.total().macs, 5 * 200 * kStepMacs);
  EXPECT_EQ(calls_of(tally, "aten::mm"), 5 * 200 * 3);
}

TEST(Threads, OneAfterTheOther) {
  CountingGuard guard;
  for (int t = 0; t < 50; ++t) {
    std::thread([state = at::ThreadLocalState()] {
      const at::ThreadLocalStateGuard inherited(state);
      product();
    }).join();
  }
  const Tally tally = guard.tally();
  EXPECT_EQ(calls_of(tally, "aten::mm"), 50);
  EXPECT_EQ(tally.total().macs, 50 * kProductMacs);
}

TEST(Threads, AThreadMayOutliveTheGuard) {
  std::promise<void> guard_is_gone;
  std::thread thread;
  {
    CountingGuard guard;
    thread = std::thread([state = at::ThreadLocalState(), gone = guard_is_gone.get_future()]() mutable {
      const at::ThreadLocalStateGuard inherited(state);
      gone.wait();
      product();  // into a guard that nobody asks any more
    });
  }
  guard_is_gone.set_value();
  thread.join();
  EXPECT_TRUE(thread_is_clean());
}

// A node whose backward runs backward again. Too deep for one stack, autograd goes on in threads of its own.
std::mutex threads_mutex;
std::set<std::thread::id> backward_threads;

struct Reentrant : torch::autograd::Function<Reentrant> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, std::int64_t depth) {
    context->saved_data["depth"] = depth;
    return x.clone();
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    {
      const std::lock_guard lock(threads_mutex);
      backward_threads.insert(std::this_thread::get_id());
    }
    product();
    const std::int64_t depth = context->saved_data["depth"].toInt();
    if (depth > 1) {
      const at::AutoGradMode enable(true);
      apply(at::ones({1}).requires_grad_(), depth - 1).sum().backward();
    }
    return {gradients[0], at::Tensor()};
  }
};

TEST(Threads, AutogradsWorkersAreCounted) {
  backward_threads.clear();
  CountingGuard guard;
  {
    ModuleScope scope("loss");
    Reentrant::apply(at::ones({1}).requires_grad_(), 100).sum().backward();
  }
  EXPECT_GT(backward_threads.size(), 1u);
  EXPECT_EQ(macs(guard), 100 * kProductMacs);
  EXPECT_EQ(module_macs(guard.tally(), "loss"), 100 * kProductMacs);
}

TEST(Threads, ATallyMayBeAskedWhileOthersCount) {
  CountingGuard guard;
  std::atomic<bool> stop = false;
  bool monotonic = true;
  std::atomic<int> asked = 0;
  std::thread asking([&] {
    std::int64_t last = 0;
    while (!stop) {
      const std::int64_t now = macs(guard);
      monotonic = monotonic && now >= last && now % kProductMacs == 0;
      last = now;
      ++asked;
    }
  });
  int products = 0;
  for (; products < 2000 || asked < 10; ++products) {
    ModuleScope scope(std::to_string(products % 100));
    product();
  }
  stop = true;
  asking.join();
  EXPECT_TRUE(monotonic);
  EXPECT_EQ(macs(guard), products * kProductMacs);
}

}  // namespace
}  // namespace torchtally::testing
