// Modules of torch::nn: ModuleScope, names, aliases, parameters.
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <gmock/gmock.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "support.h"
#include "torchtally/module_list.h"
#include "torchtally/module_scope.h"

namespace torchtally::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The network of fvcore's document.
struct LeNet : torch::nn::Module {
  LeNet() {
    register_module("conv1", conv1);
    register_module("conv2", conv2);
    register_module("fc1", fc1);
    register_module("fc2", fc2);
    register_module("fc3", fc3);
  }
  at::Tensor forward(at::Tensor x) {
    ModuleScope scope(*this);
    x = at::max_pool2d(at::relu(run(conv1, x)), 2);
    x = at::max_pool2d(at::relu(run(conv2, x)), 2);
    x = x.flatten(1);
    x = at::relu(run(fc1, x));
    x = at::relu(run(fc2, x));
    return run(fc3, x);
  }
  template <typename Layer>
  static at::Tensor run(Layer& layer, const at::Tensor& x) {
    ModuleScope scope(*layer);
    return layer->forward(x);
  }
  torch::nn::Conv2d conv1 = torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 6, 3));
  torch::nn::Conv2d conv2 = torch::nn::Conv2d(torch::nn::Conv2dOptions(6, 16, 3));
  torch::nn::Linear fc1 = torch::nn::Linear(16 * 6 * 6, 120);
  torch::nn::Linear fc2 = torch::nn::Linear(120, 84);
  torch::nn::Linear fc3 = torch::nn::Linear(84, 10);
};

TEST(Modules, TheSeedExample) {
  LeNet net;
  CountingGuard guard(net);
  net.forward(at::ones({1, 1, 32, 32}));
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.total().macs, 274656);
  EXPECT_EQ(tally.by_operator().at("aten::convolution").macs, 194616);
  EXPECT_EQ(tally.by_operator().at("aten::addmm").macs, 80040);
  EXPECT_EQ(module_macs(tally, "conv1"), 48600);   // 6·30·30 outputs of 1·3·3 products
  EXPECT_EQ(module_macs(tally, "conv2"), 146016);  // 16·13·13 of 6·3·3
  EXPECT_EQ(module_macs(tally, "fc1"), 69120);     // 576·120
  EXPECT_EQ(module_macs(tally, "fc2"), 10080);     // 120·84
  EXPECT_EQ(module_macs(tally, "fc3"), 840);       // 84·10
  EXPECT_EQ(module_macs(tally, ""), 274656);
  EXPECT_THAT(tally.uncalled_modules(), IsEmpty());
  EXPECT_TRUE(tally.unknown_operators().empty());
  // Weights and biases: 60 + 880 + 69240 + 10164 + 850.
  EXPECT_EQ(tally.parameters().total, 81194);
  EXPECT_EQ(tally.parameters().trainable, 81194);
  EXPECT_EQ(tally.modules().at(1).name, "conv1");
  EXPECT_EQ(tally.modules().at(1).type, "Conv2d");
  EXPECT_EQ(tally.modules().at(1).parameters.total, 60);  // 6·1·3·3 + 6
}

TEST(Modules, WhoeverCallsThem) {
  LeNet net;
  CountingGuard guard(net);
  // No forward of the network's: its fc3 belongs to "fc3" nevertheless.
  LeNet::run(net.fc3, at::ones({1, 84}));
  // An explicit .forward() in a scope of the parent's alone: its product takes the child's parameters.
  {
    ModuleScope scope(net);
    net.fc2->forward(at::ones({1, 120}));
  }
  const Tally tally = guard.tally();
  EXPECT_EQ(module_macs(tally, "fc3"), 840);
  EXPECT_EQ(module_macs(tally, "fc2"), 10080);
  EXPECT_EQ(module_macs(tally, ""), 840 + 10080);
  EXPECT_THAT(tally.uncalled_modules(), ElementsAre("conv1", "conv2", "fc1"));
}

struct Block : torch::nn::Module {
  explicit Block(int size) : fc(size, size) { register_module("fc", fc); }
  // Any method will do, not only forward.
  at::Tensor encode(const at::Tensor& x) {
    ModuleScope scope(*this);
    ModuleScope head("head");
    ModuleScope inner(*fc);
    return fc->forward(x);
  }
  at::Tensor project(const at::Tensor& x) {
    ModuleScope scope(*this);
    ModuleScope head("head");
    return at::mm(x, x);
  }
  torch::nn::Linear fc;
};

struct Deep : torch::nn::Module {
  Deep() {
    auto layer = std::make_shared<Nested>();
    layer->block = layer->register_module("0", std::make_shared<Block>(4));
    layer1 = register_module("layer1", layer);
  }
  struct Nested : torch::nn::Module {
    std::shared_ptr<Block> block;
  };
  std::shared_ptr<Nested> layer1;
};

TEST(Modules, DeepNamesAndOtherMethods) {
  Deep net;
  CountingGuard guard(net);
  net.layer1->block->encode(at::ones({2, 4}));
  net.layer1->block->project(at::ones({4, 4}));
  const Tally tally = guard.tally();
  EXPECT_EQ(module_macs(tally, "layer1.0.fc"), 32);    // 2·4·4: registered, so where the model has it
  EXPECT_EQ(module_macs(tally, "layer1.0.head"), 64);  // 4·4·4: a name is a child of what is open around it
  EXPECT_EQ(module_macs(tally, "layer1.0"), 96);
  EXPECT_EQ(module_macs(tally, "layer1"), 96);
  EXPECT_EQ(module_macs(tally, ""), 96);
  EXPECT_THAT(tally.uncalled_modules(), IsEmpty());
}

TEST(Modules, NamesNest) {
  CountingGuard guard;
  {
    ModuleScope encoder("encoder");
    product();
    ModuleScope layer("layer");
    product();
  }
  {
    ModuleScope dotted("encoder.layer");
    product();
  }
  product();
  const Tally tally = guard.tally();
  EXPECT_EQ(module_macs(tally, "encoder.layer"), 2 * kProductMacs);
  EXPECT_EQ(module_macs(tally, "encoder"), 3 * kProductMacs);
  EXPECT_EQ(module_macs(tally, ""), 4 * kProductMacs);
  EXPECT_EQ(tally.modules().size(), 3u);
  EXPECT_FALSE(tally.modules().at(1).registered);
}

struct Shared : torch::nn::Module {
  Shared() : fc(3, 4) {
    encoder = register_module("encoder", fc);
    decoder = register_module("decoder", fc);
  }
  torch::nn::Linear fc;
  torch::nn::Linear encoder = nullptr;
  torch::nn::Linear decoder = nullptr;
};

TEST(Modules, ASharedModuleHasOneNameAndItsAliases) {
  Shared net;
  CountingGuard guard(net);
  LeNet::run(net.encoder, at::ones({2, 3}));
  LeNet::run(net.decoder, at::ones({2, 3}));
  const Tally tally = guard.tally();
  ASSERT_EQ(tally.modules().size(), 2u);
  EXPECT_EQ(tally.modules().at(1).name, "encoder");
  EXPECT_THAT(tally.modules().at(1).aliases, ElementsAre("decoder"));
  EXPECT_EQ(module_macs(tally, "encoder"), 2 * 24);
  EXPECT_EQ(tally.parameters().total, 16);  // 4·3 + 4, once
}

TEST(Modules, ParametersThatAreSharedOrFrozen) {
  struct Tied : torch::nn::Module {
    Tied() {
      weight = register_parameter("weight", at::ones({5, 6}));
      register_parameter("tied", weight);
      register_parameter("frozen", at::ones({7}), /*requires_grad=*/false);
      register_buffer("buffer", at::ones({100}));
    }
    at::Tensor weight;
  };
  const Tied net;
  CountingGuard guard(net);
  EXPECT_EQ(guard.tally().parameters().total, 37);  // 5·6 + 7
  EXPECT_EQ(guard.tally().parameters().trainable, 30);
}

TEST(Modules, AModuleOfNobodysIsAChildOfTheOpenScope) {
  LeNet net;
  torch::nn::Linear stranger(3, 4);
  CountingGuard guard(net);
  {
    ModuleScope scope(*net.fc1);
    LeNet::run(stranger, at::ones({2, 3}));
  }
  const Tally tally = guard.tally();
  EXPECT_EQ(module_macs(tally, "fc1"), 24);
  EXPECT_EQ(module_macs(tally, "fc1." + stranger->name()), 24);
}

TEST(Modules, BothGuardsNameAModuleTheirOwnWay) {
  Deep net;
  CountingGuard outer(net);
  CountingGuard inner(*net.layer1->block);
  net.layer1->block->encode(at::ones({2, 4}));
  EXPECT_EQ(module_macs(outer.tally(), "layer1.0.fc"), 32);
  EXPECT_EQ(module_macs(inner.tally(), "fc"), 32);
}

TEST(Modules, TheBackwardOfAModelRunsToTheEnd) {
  LeNet net;
  CountingGuard guard(net);
  net.forward(at::ones({1, 1, 32, 32})).sum().backward();
  // Every product twice more, but for the input of conv1, which wants no gradient.
  EXPECT_EQ(macs(guard), 3 * 274656 - 48600);
  EXPECT_TRUE(guard.tally().unknown_operators().empty());
}

TEST(ModuleList, NamesScopesAndCountsParameters) {
  const at::Tensor weight = at::ones({4, 3});
  int net = 0;
  int fc = 0;
  int other = 0;
  ModuleList model(3);
  model[0] = {&net, -1, "", "Net", {}};
  model[1] = {&fc, 0, "fc", "Linear", {{&weight, 12, true, &weight}}};
  model[2] = {&fc, 0, "again", "Linear", {}};
  const CountingGuard guard(model);
  const at::Tensor x = at::ones({2, 4});
  {
    ModuleScope scope(&fc, {});
    at::mm(x, x.t());
  }
  at::mm(x, weight);  // known by its weight
  {
    ModuleScope scope(&other, [&] { return ModuleList{{&other, -1, "Other", "Other", {}}}; });
    at::mm(x, x.t());
  }
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.by_module().at("fc").macs, 2 * 4 * 2 + 2 * 4 * 3);
  EXPECT_EQ(tally.by_module().at("Other").macs, 2 * 4 * 2);
  EXPECT_EQ(tally.parameters().total, 12);
  EXPECT_THAT(tally.modules()[1].aliases, ElementsAre("again"));
  model[1].parent = 2;
  EXPECT_THROW(CountingGuard{model}, std::invalid_argument);
}

TEST(ModuleList, AKeyTellsTypesOfOneNameApart) {
  int net = 0;
  int first = 0;
  int second = 0;
  ModuleList model(3);
  model[0] = {&net, -1, "", "Net", {}};
  model[1] = {&first, 0, "first", "Attention", {}, "a"};
  model[2] = {&second, 0, "second", "Attention", {}, "b"};
  FormulaSet formulas = FormulaSet::builtin();
  formulas.set_module("b", [](const ModuleCall&, Cost& cost) { cost.add_macs(7); });
  const CountingGuard guard(model, formulas);
  for (const int* module : {&first, &second}) {
    ModuleScope scope(module, {});
    at::mm(at::ones({2, 2}), at::ones({2, 2}));
  }
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.by_module().at("first").macs, 8);
  EXPECT_EQ(tally.by_module().at("second").macs, 7);
  EXPECT_EQ(tally.by_operator().count("torchtally::module(Attention, replaced)"), 1U);
}

TEST(PauseCounting, MayKeepTheKeys) {
  const CountingGuard guard;
  const at::Tensor x = at::ones({2, 2});
  {
    const PauseCounting pause(PauseCounting::Keys::kKeep);
    at::mm(x, x);
  }
  EXPECT_EQ(guard.tally().total().macs, 0);
  at::mm(x, x);
  EXPECT_EQ(guard.tally().total().macs, 8);
}

}  // namespace
}  // namespace torchtally::testing
