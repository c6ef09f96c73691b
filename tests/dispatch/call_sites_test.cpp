// What the interpreter is asked for. In a program of its own: it stands in front of a function of LibTorch's.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/csrc/jit/serialization/import.h>

#include <atomic>
#include <sstream>
#include <string>
#include <vector>

#include "support.h"

namespace {

std::atomic<int> asked = 0;

}  // namespace

namespace torch::jit {

// LibTorch's own, which it finds by its name, counted. Names of modules take microseconds a call.
__attribute__((visibility("default"))) std::vector<std::string> currentModuleHierarchy() {
  ++asked;
  static const auto real =
      reinterpret_cast<decltype(&currentModuleHierarchy)>(dlsym(RTLD_NEXT, "_ZN5torch3jit22currentModuleHierarchyB5cxx11Ev"));
  return real();
}

}  // namespace torch::jit

namespace torchtally::testing {
namespace {

using torch::jit::Module;

Module linear() {
  Module module("Linear");
  module.register_parameter("weight", at::ones({4, 4}), /*is_buffer=*/false);
  module.define("def forward(self, x):\n  return torch.relu(torch.linear(x, self.weight))\n");
  return module;
}

Module loaded(const Module& module) {
  std::stringstream archive;
  module.save(archive);
  return torch::jit::load(archive);
}

TEST(CallSites, NamesAreAskedForOncePerCall) {
  Module block("Block");
  block.register_module("a", linear());
  block.register_module("b", linear());
  block.define("def forward(self, x):\n  return torch.neg(self.b.forward(self.a.forward(x)))\n");
  Module net("Net");
  net.register_module("first", block);
  net.register_module("last", linear());
  net.define("def forward(self, x):\n  x = self.first.forward(x)\n  return torch.abs(self.last.forward(self.last.forward(x)))\n");
  net = loaded(net);
  // Optimized by now: what calls what is no longer announced.
  for (int n = 0; n < 3; ++n) net.forward({at::ones({2, 4})});

  CountingGuard guard(net);
  net.forward({at::ones({2, 4})});
  const int first_time = asked;
  EXPECT_GT(first_time, 0);
  EXPECT_LE(first_time, 6);  // first.a, first.b, first, last, last again, the root
  for (int n = 2; n <= 5; ++n) {
    net.forward({at::ones({2, 4})});
    EXPECT_EQ(asked, first_time);
    const Tally tally = guard.tally();
    EXPECT_EQ(tally.by_module().at("first.a").macs, n * 2 * 4 * 4);
    EXPECT_EQ(tally.by_module().at("first.b").macs, n * 2 * 4 * 4);
    EXPECT_EQ(tally.by_module().at("first").macs, n * 2 * 2 * 4 * 4);
    EXPECT_EQ(tally.by_module().at("last").macs, n * 2 * 2 * 4 * 4);
  }
}

TEST(CallSites, NamesAreNotAskedForWhereEveryCallIsAnnounced) {
  Module net("Net");
  net.register_module("a", linear());
  net.register_module("b", linear());
  net.define("def forward(self, x):\n  return self.b.forward(self.a.forward(x))\n");
  const int before = asked;
  CountingGuard guard(net);
  for (int n = 0; n < 3; ++n) net.forward({at::ones({2, 4})});
  EXPECT_EQ(asked, before);
  EXPECT_EQ(guard.tally().by_module().at("a").macs, 3 * 2 * 4 * 4);
}

}  // namespace
}  // namespace torchtally::testing
