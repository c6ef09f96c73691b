// TorchScript models, attributed by the interpreter's call stack with no change to them.
#include <gmock/gmock.h>
#include <torch/csrc/jit/api/compilation_unit.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/resolver.h>
#include <torch/csrc/jit/frontend/sugared_value.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>
#include <torch/csrc/jit/serialization/import.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "support.h"
#include "torchtally/module_scope.h"

namespace torchtally::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using torch::jit::Module;

// torch.*, fork(f, ...), and the functions of a compilation unit.
struct Names : torch::jit::NativeResolver {
  explicit Names(torch::jit::CompilationUnit* functions = nullptr) : functions(functions) {}
  std::shared_ptr<torch::jit::SugaredValue> resolveValue(const std::string& name, torch::jit::GraphFunction& method,
                                                         const torch::jit::SourceRange& range) override {
    if (name == "fork") return torch::jit::SpecialFormValue::create(torch::jit::prim::fork);
    if (functions != nullptr) {
      if (auto* function = functions->find_function(name)) return std::make_shared<torch::jit::FunctionValue>(function);
    }
    return NativeResolver::resolveValue(name, method, range);
  }
  torch::jit::CompilationUnit* functions;
};

void define(Module& module, const std::string& source, torch::jit::CompilationUnit* functions = nullptr) {
  module.define(source, std::make_shared<Names>(functions));
}

Module conv2d(int in, int out) {
  Module module("Conv2d");
  module.register_parameter("weight", at::ones({out, in, 3, 3}), /*is_buffer=*/false);
  module.register_parameter("bias", at::ones({out}), /*is_buffer=*/false);
  define(module, "def forward(self, x):\n  return torch.conv2d(x, self.weight, self.bias)\n");
  return module;
}

Module linear(int in, int out) {
  Module module("Linear");
  module.register_parameter("weight", at::ones({out, in}), /*is_buffer=*/false);
  module.register_parameter("bias", at::ones({out}), /*is_buffer=*/false);
  define(module, "def forward(self, x):\n  return torch.linear(x, self.weight, self.bias)\n");
  return module;
}

at::Tensor run(Module& module, const at::Tensor& x) { return module.forward({x}).toTensor(); }

std::vector<std::string> names(const Tally& tally) {
  std::vector<std::string> names;
  for (const ModuleInfo& module : tally.modules()) names.push_back(module.name);
  return names;
}

Module lenet() {
  Module net("LeNet");
  net.register_module("conv1", conv2d(1, 6));
  net.register_module("conv2", conv2d(6, 16));
  net.register_module("fc1", linear(576, 120));
  net.register_module("fc2", linear(120, 84));
  net.register_module("fc3", linear(84, 10));
  define(net, R"(
def forward(self, x):
    x = torch.max_pool2d(torch.relu(self.conv1.forward(x)), [2, 2])
    x = torch.max_pool2d(torch.relu(self.conv2.forward(x)), [2, 2])
    x = torch.flatten(x, 1)
    x = torch.relu(self.fc1.forward(x))
    x = torch.relu(self.fc2.forward(x))
    return self.fc3.forward(x)
)");
  return net;
}

TEST(Script, TheSeedExample) {
  Module net = lenet();
  CountingGuard guard(net);
  // From the second run on the profiling executor would rewrite the graph and forget the modules.
  for (int n = 1; n <= 3; ++n) {
    run(net, at::ones({1, 1, 32, 32}));
    const Tally tally = guard.tally();
    EXPECT_EQ(tally.total().macs, n * 274656);
    EXPECT_EQ(tally.by_operator().at("aten::convolution").macs, n * 194616);
    EXPECT_EQ(tally.by_operator().at("aten::addmm").macs, n * 80040);
    EXPECT_EQ(module_macs(tally, "conv1"), n * 48600);
    EXPECT_EQ(module_macs(tally, "conv2"), n * 146016);
    EXPECT_EQ(module_macs(tally, "fc1"), n * 69120);
    EXPECT_EQ(module_macs(tally, "fc2"), n * 10080);
    EXPECT_EQ(module_macs(tally, "fc3"), n * 840);
    EXPECT_EQ(tally.modules().size(), 6u);  // no other name has come up
    EXPECT_THAT(tally.uncalled_modules(), IsEmpty());
    EXPECT_TRUE(tally.unknown_operators().empty());
  }
  EXPECT_EQ(guard.tally().parameters().total, 81194);
  EXPECT_EQ(guard.tally().modules().at(0).type, "LeNet");
  EXPECT_EQ(guard.tally().modules().at(1).type, "Conv2d");
}

TEST(Script, AModelThatHasRunBeforeAndIsLoadedFromAnArchive) {
  std::stringstream archive;
  lenet().save(archive);
  Module net = torch::jit::load(archive);
  for (int n = 0; n < 3; ++n) run(net, at::ones({1, 1, 32, 32}));  // optimized by now
  CountingGuard guard(net);
  run(net, at::ones({1, 1, 32, 32}));
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.total().macs, 274656);
  EXPECT_EQ(module_macs(tally, "conv2"), 146016);
  EXPECT_EQ(module_macs(tally, "fc3"), 840);
  EXPECT_THAT(names(tally), ElementsAre("", "conv1", "conv2", "fc1", "fc2", "fc3"));
}

TEST(Script, TheExecutorsSettingIsRestored) {
  Module net = lenet();
  for (const bool before : {true, false}) {
    torch::jit::setGraphExecutorOptimize(before);
    {
      CountingGuard guard(net);
      EXPECT_FALSE(torch::jit::getGraphExecutorOptimize());
    }
    EXPECT_EQ(torch::jit::getGraphExecutorOptimize(), before);
  }
  torch::jit::setGraphExecutorOptimize(true);
}

TEST(Script, TheExecutorsSettingIsRestoredAlsoAfterGuardsOutOfOrder) {
  Module net = lenet();
  ASSERT_TRUE(torch::jit::getGraphExecutorOptimize());
  auto* outer = new CountingGuard(net);
  auto* inner = new CountingGuard(net);
  EXPECT_THROW(delete outer, GuardMisuse);
  delete inner;
  const bool after = torch::jit::getGraphExecutorOptimize();
  torch::jit::setGraphExecutorOptimize(true);
  EXPECT_TRUE(after);
  EXPECT_TRUE(thread_is_clean());
}

TEST(Script, AModelOfAnotherKindLeavesTheExecutorAlone) {
  CountingGuard guard;
  EXPECT_TRUE(torch::jit::getGraphExecutorOptimize());
}

TEST(Script, ASharedModuleCalledByEitherName) {
  Module net("Net");
  const Module shared = linear(3, 4);
  net.register_module("encoder", shared);
  net.register_module("decoder", shared);
  define(net, "def forward(self, x):\n  return self.encoder.forward(x) + self.decoder.forward(x)\n");
  CountingGuard guard(net);
  run(net, at::ones({2, 3}));
  const Tally tally = guard.tally();
  ASSERT_EQ(tally.modules().size(), 2u);
  EXPECT_EQ(tally.modules().at(1).name, "encoder");
  EXPECT_THAT(tally.modules().at(1).aliases, ElementsAre("decoder"));
  EXPECT_EQ(module_macs(tally, "encoder"), 48);  // twice 2·3·4
  EXPECT_EQ(tally.parameters().total, 16);
}

TEST(Script, FunctionsOtherMethodsAndLoops) {
  torch::jit::CompilationUnit functions;
  functions.define(c10::nullopt, "def square(x):\n  return torch.mm(x, x)\n", torch::jit::nativeResolver(), nullptr);
  Module block("Block");
  block.register_module("fc", linear(4, 4));
  define(block, R"(
def twice(self, x):
    return self.fc.forward(self.fc.forward(x))
def forward(self, x):
    return square(self.twice(x))
)",
         &functions);
  Module net("Net");
  net.register_module("block", block);
  define(net, R"(
def forward(self, x):
    for i in range(5):
        x = self.block.forward(x)
    return x
)");
  CountingGuard guard(net);
  run(net, at::ones({4, 4}));
  const Tally tally = guard.tally();
  // Each time two layers of 4·4·4 and a product of the same size, which belongs to the module that called the function.
  EXPECT_EQ(module_macs(tally, "block.fc"), 5 * 2 * 64);
  EXPECT_EQ(module_macs(tally, "block"), 5 * 3 * 64);
  EXPECT_THAT(names(tally), ElementsAre("", "block", "block.fc"));
  EXPECT_THAT(tally.uncalled_modules(), IsEmpty());
}

// As where a loop over modules was unrolled when the model was scripted: where a call came from does not tell which one it is.
TEST(Script, TwoCallsAtOnePlaceOfTheSource) {
  Module net("Net");
  net.register_module("a", linear(4, 4));
  net.register_module("b", linear(4, 4));
  define(net, "def forward(self, x):\n  x = self.a.forward(x)\n  return self.b.forward(self.b.forward(x))\n");
  std::optional<torch::jit::SourceRange> first;
  for (torch::jit::Node* node : net.get_method("forward").graph()->nodes()) {
    if (node->kind() != torch::jit::prim::CallMethod) continue;
    if (!first.has_value()) first = node->sourceRange();
    node->setSourceRange(*first);
  }
  ASSERT_TRUE(first.has_value());
  CountingGuard guard(net);
  for (int n = 1; n <= 3; ++n) {
    run(net, at::ones({2, 4}));
    EXPECT_EQ(module_macs(guard.tally(), "a"), n * 2 * 4 * 4);
    EXPECT_EQ(module_macs(guard.tally(), "b"), n * 2 * 2 * 4 * 4);
  }
}

TEST(Script, CountsWhatFeedsOnlyControlFlow) {
  Module net("Net");
  define(net, R"(
def forward(self, x):
    if bool(torch.gt(torch.sum(torch.mm(x, x)), 0)):
        return torch.add(x, 1)
    return x
)");
  CountingGuard guard(net);
  run(net, at::ones({8, 8}));
  EXPECT_EQ(macs(guard), 8 * 8 * 8);
  EXPECT_EQ(calls_of(guard.tally(), "aten::add"), 1);
}

TEST(Script, CountsALoopAsOftenAsItRan) {
  Module net("Net");
  net.register_module("step", linear(2, 2));
  define(net, R"(
def forward(self, x):
    while float(torch.sum(x)) < 100.0:
        x = self.step.forward(x)
    return x
)");
  CountingGuard guard(net);
  // All ones: a (2, 2) of v becomes 2v + 1. The sums are 4, 12, 28, 60, 124: four layers of 2·2·2 MACs.
  run(net, at::ones({2, 2}));
  EXPECT_EQ(macs(guard), 32);
  EXPECT_EQ(module_macs(guard.tally(), "step"), 32);
}

TEST(Script, Forks) {
  torch::jit::CompilationUnit functions;
  functions.define(c10::nullopt, "def square(x):\n  return torch.mm(x, x)\n", torch::jit::nativeResolver(), nullptr);
  Module net("Net");
  define(net, R"(
def forward(self, x):
    first = fork(square, x)
    second = fork(square, x)
    return torch.wait(first) + torch.wait(second) + torch.mm(x, x)
)",
         &functions);
  CountingGuard guard(net);
  for (int n = 1; n <= 20; ++n) {
    run(net, at::ones({4, 4}));
    ASSERT_EQ(macs(guard), n * 3 * 64);
  }
}

TEST(Script, ASubmodulesOwnMethodCalledFromOutside) {
  Module net = lenet();
  CountingGuard guard(net);
  Module fc3 = net.attr("fc3").toModule();
  run(fc3, at::ones({1, 84}));
  EXPECT_EQ(module_macs(guard.tally(), "fc3"), 840);
}

TEST(Script, ASubmodulesOwnMethodThatHasRunBeforeCalledFromOutsideIsTheRoots) {
  Module net("Net");
  Module block("Block");
  block.register_module("fc", linear(4, 4));
  define(block, "def forward(self, x):\n  return self.fc.forward(torch.mm(x, x))\n");
  net.register_module("block", block);
  define(net, "def forward(self, x):\n  return self.block.forward(x)\n");
  Module own = net.attr("block").toModule();
  for (int n = 0; n < 3; ++n) run(own, at::ones({4, 4}));
  CountingGuard guard(net);
  run(own, at::ones({4, 4}));
  // The block is announced, its layer has become part of its graph: the names start at the method that was called, and do not say
  // where the model has it.
  EXPECT_EQ(module_macs(guard.tally(), "block"), 64);
  EXPECT_EQ(module_macs(guard.tally(), ""), 2 * 64);
}

// "name: calls [inputs]" of each module.
std::vector<std::string> calls_and_inputs(const Tally& tally) {
  std::vector<std::string> texts;
  for (const ModuleInfo& module : tally.modules()) {
    std::ostringstream text;
    text << module.name << ": " << module.calls;
    for (const auto& sizes : module.input_sizes) text << " " << at::IntArrayRef(sizes);
    texts.push_back(text.str());
  }
  return texts;
}

TEST(Script, CallsOfModulesAndWhatTheyAreCalledWith) {
  Module block("Block");
  block.register_module("fc", linear(4, 4));
  Module identity("Identity");
  define(identity, "def forward(self, x):\n  return x\n");
  block.register_module("identity", identity);
  block.register_module("unused", linear(4, 4));
  define(block, R"(
def twice(self, x):
    return self.fc.forward(self.fc.forward(x))
def forward(self, x):
    return self.identity.forward(self.twice(x))
)");
  Module net("Net");
  net.register_module("block", block);
  net.register_module("last", linear(4, 2));
  define(net, R"(
def forward(self, x):
    for i in range(5):
        x = self.block.forward(x)
    return self.last.forward(x[:1])
)");
  CountingGuard guard(net);
  for (int n = 1; n <= 3; ++n) {
    run(net, at::ones({3, 4}));
    // A call of a method that is no forward() is none of the module.
    EXPECT_THAT(
        calls_and_inputs(guard.tally()),
        ElementsAre(": " + std::to_string(n) + " [3, 4]", "block: " + std::to_string(5 * n) + " [3, 4]",
                    "block.fc: " + std::to_string(10 * n) + " [3, 4]", "block.identity: " + std::to_string(5 * n) + " [3, 4]",
                    "block.unused: 0", "last: " + std::to_string(n) + " [1, 4]"));
  }
  // No operator runs in the identity, but it is called.
  EXPECT_THAT(guard.tally().uncalled_modules(), ElementsAre("block.unused"));
}

TEST(Script, InputsInListsTuplesAndDictionaries) {
  Module inner("Inner");
  define(inner, R"(
def forward(self, images: List[Tensor], pair: Tuple[Tensor, int], named: Dict[str, Tensor], mask: Optional[Tensor], n: int):
    return torch.add(images[0], pair[0])
)");
  Module net("Net");
  net.register_module("inner", inner);
  define(net, R"(
def forward(self, x):
    return self.inner.forward([x, x[0]], (x, 3), {"a": x[0, 0]}, None, 5)
)");
  CountingGuard guard(net);
  run(net, at::ones({2, 3}));
  EXPECT_THAT(calls_and_inputs(guard.tally()), ElementsAre(": 1 [2, 3]", "inner: 1 [2, 3] [3] [2, 3] []"));
}

// As torchvision's BoxCoder: no module, so what its methods run belongs to the module that calls them.
TEST(Script, MethodsOfAClassThatIsNoModule) {
  auto unit = std::make_shared<torch::jit::CompilationUnit>();
  const auto type = c10::ClassType::create("__torch__.Coder", unit);
  unit->register_type(type);
  const torch::jit::SimpleSelf self(type);
  unit->define(c10::QualifiedName("__torch__.Coder"), "def encode(self, x):\n  return torch.mm(x, x)\n",
               torch::jit::nativeResolver(), &self);
  Module inner("Inner");
  inner.register_attribute("coder", type, c10::ivalue::Object::create(c10::StrongTypePtr(unit, type), 0));
  define(inner, "def forward(self, x):\n  return self.coder.encode(x)\n");
  Module net("Net");
  net.register_module("inner", inner);
  define(net, "def forward(self, x):\n  return self.inner.forward(x)\n");
  CountingGuard guard(net);
  run(net, at::ones({4, 4}));
  EXPECT_THAT(calls_and_inputs(guard.tally()), ElementsAre(": 1 [4, 4]", "inner: 1 [4, 4]"));
  EXPECT_EQ(module_macs(guard.tally(), "inner"), 64);
}

TEST(Script, NamedArgumentsAndOverloads) {
  Module net("Net");
  define(net, R"(
def forward__0(self, x, y: Tensor):
    return torch.add(x, y)
def forward__1(self, x):
    return torch.neg(x)
)");
  CountingGuard guard(net);
  net.get_method("forward__0")({}, {{"x", at::ones({2, 3})}, {"y", at::ones({3})}});
  EXPECT_THAT(calls_and_inputs(guard.tally()), ElementsAre(": 1 [2, 3] [3]"));
  net.get_method("forward__1")({at::ones({5})});
  EXPECT_THAT(calls_and_inputs(guard.tally()), ElementsAre(": 2 [5]"));
}

TEST(Script, NestedGuardsHearOfACallOnceEach) {
  Module net = lenet();
  CountingGuard outer(net);
  {
    CountingGuard inner(net);
    const PauseCounting pause;
    run(net, at::ones({1, 1, 32, 32}));
    const CountingGuard innermost(net);  // nobody around shall hear of it
    run(net, at::ones({1, 1, 32, 32}));
    EXPECT_EQ(innermost.tally().modules().at(1).calls, 1);
    EXPECT_EQ(inner.tally().modules().at(1).calls, 0);
  }
  {
    CountingGuard inner(net);
    run(net, at::ones({1, 1, 32, 32}));
    EXPECT_EQ(inner.tally().modules().at(1).calls, 1);
  }
  run(net, at::ones({1, 1, 32, 32}));
  EXPECT_EQ(outer.tally().modules().at(1).name, "conv1");
  EXPECT_EQ(outer.tally().modules().at(1).calls, 2);
  EXPECT_THAT(outer.tally().modules().at(1).input_sizes, ElementsAre(ElementsAre(1, 1, 32, 32)));
}

TEST(Script, CallsOfAModelThatForksAreNotKnown) {
  Module net("Net");
  net.register_module("fc", linear(4, 4));
  define(net, R"(
def work(self, x):
    return self.fc.forward(x)
def forward(self, x):
    first = fork(self.work, x)
    second = fork(self.work, x)
    return torch.wait(first) + torch.wait(second) + self.fc.forward(x)
)");
  CountingGuard guard(net);
  for (int n = 1; n <= 20; ++n) {
    run(net, at::ones({4, 4}));
    ASSERT_EQ(module_macs(guard.tally(), "fc"), n * 3 * 64);
    ASSERT_EQ(guard.tally().modules().at(0).calls, 0);
    ASSERT_EQ(guard.tally().modules().at(1).calls, 0);
  }
}

// Of a function that waits, the end may come on another thread. The next guard knows nothing of it.
TEST(Script, AModelThatForksLeavesNothingOpen) {
  Module forks("Forks");
  forks.register_module("fc", linear(64, 64));
  define(forks, R"(
def work(self, x):
    return self.fc.forward(x)
def forward(self, x):
    first = fork(self.work, x)
    return torch.wait(first)
)");
  Module plain("Plain");
  plain.register_module("fc", linear(4, 4));
  define(plain, "def forward(self, x):\n  return self.fc.forward(x)\n");
  for (int i = 0; i < 20; ++i) {
    {
      const CountingGuard guard(forks);
      torch::jit::Stack stack = {forks._ivalue(), at::ones({512, 64})};
      forks.get_method("forward").function().run(stack);  // the way that suspends
    }
    const CountingGuard guard(plain);
    run(plain, at::ones({4, 4}));
    const Tally tally = guard.tally();
    ASSERT_EQ(tally.modules().at(1).name, "fc");
    ASSERT_EQ(tally.modules().at(1).calls, 1);
  }
}

// One method ran before the guard was opened: its graph has been optimized, what it calls has become part of it, and the
// interpreter does not announce that.
TEST(Script, CallsOfAModuleOfWhichSomeAreNotAnnounced) {
  Module net("Net");
  net.register_module("encoder", linear(4, 4));
  net.register_module("decoder", linear(4, 4));
  define(net, R"(
def encode(self, x):
    return self.encoder.forward(x)
def forward(self, x):
    return self.decoder.forward(self.encode(x))
)");
  const auto encode = [&net] { net.get_method("encode")({at::ones({2, 4})}); };
  for (int n = 0; n < 3; ++n) encode();
  CountingGuard guard(net);
  run(net, at::ones({2, 4}));
  EXPECT_EQ(guard.tally().modules().at(0).calls, 1);
  EXPECT_EQ(guard.tally().modules().at(1).calls, 0);
  EXPECT_EQ(guard.tally().modules().at(2).calls, 1);
  encode();
  EXPECT_EQ(guard.tally().modules().at(1).calls, 0);
  EXPECT_EQ(module_macs(guard.tally(), "encoder"), 2 * 2 * 4 * 4);
  EXPECT_THAT(guard.tally().uncalled_modules(), IsEmpty());
}

TEST(Script, AnExceptionLeavesNoFunctionOpen) {
  Module net = lenet();
  CountingGuard guard(net);
  EXPECT_ANY_THROW(run(net, at::ones({1, 1, 3, 3})));
  run(net, at::ones({1, 1, 32, 32}));
  EXPECT_EQ(guard.tally().modules().at(1).name, "conv1");
  EXPECT_EQ(guard.tally().modules().at(1).calls, 2);
  EXPECT_EQ(guard.tally().modules().back().name, "fc3");
  EXPECT_EQ(guard.tally().modules().back().calls, 1);
}

// Its graph has been optimized: what it calls has become part of it.
TEST(Script, CallsOfAModelThatHasRunBeforeAreNotKnown) {
  Module net = lenet();
  for (int n = 0; n < 3; ++n) run(net, at::ones({1, 1, 32, 32}));
  CountingGuard guard(net);
  run(net, at::ones({1, 1, 32, 32}));
  EXPECT_EQ(guard.tally().modules().at(0).calls, 1);
  EXPECT_EQ(guard.tally().modules().at(1).calls, 0);
  EXPECT_THAT(guard.tally().modules().at(1).input_sizes, IsEmpty());
  EXPECT_THAT(guard.tally().uncalled_modules(), IsEmpty());
  EXPECT_EQ(module_macs(guard.tally(), "conv1"), 48600);
}

TEST(Script, UncalledModulesAndParameters) {
  Module net("Net");
  net.register_module("used", linear(3, 4));
  net.register_module("unused", linear(5, 6));
  define(net, "def forward(self, x):\n  return self.used.forward(x)\n");
  net.attr("unused").toModule().attr("weight").toTensor().set_requires_grad(false);
  CountingGuard guard(net);
  run(net, at::ones({2, 3}));
  const Tally tally = guard.tally();
  EXPECT_THAT(tally.uncalled_modules(), ElementsAre("unused"));
  EXPECT_EQ(tally.parameters().total, 3 * 4 + 4 + 5 * 6 + 6);
  EXPECT_EQ(tally.parameters().trainable, 0);  // made from tensors that ask for no gradient
}

TEST(Script, WithoutTheModelAScopeNamesWhatRuns) {
  Module net = lenet();
  CountingGuard guard;
  {
    ModuleScope scope("net");
    run(net, at::ones({1, 1, 32, 32}));
  }
  EXPECT_EQ(module_macs(guard.tally(), "net"), 274656);
}

TEST(Script, AnExceptionInsideLeavesEverythingAsItWas) {
  Module net = lenet();
  {
    CountingGuard guard(net);
    EXPECT_ANY_THROW(run(net, at::ones({1, 1, 3, 3})));
    run(net, at::ones({1, 1, 32, 32}));
    // conv1 of a 3x3 image ran before: 6 outputs of 9 products.
    EXPECT_EQ(module_macs(guard.tally(), "conv1"), 48600 + 54);
    EXPECT_EQ(module_macs(guard.tally(), "fc3"), 840);
  }
  EXPECT_TRUE(thread_is_clean());
}

}  // namespace
}  // namespace torchtally::testing
