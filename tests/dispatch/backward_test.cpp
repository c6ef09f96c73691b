// Backward: which module, which phase, and how much of it.
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <thread>
#include <vector>

#include "support.h"
#include "torchtally/torchtally.h"

namespace torchtally::testing {
namespace {

at::Tensor random(at::IntArrayRef sizes, bool requires_grad = false) {
  return at::randn(sizes, at::TensorOptions()).requires_grad_(requires_grad);
}

std::int64_t macs_in(const Tally& tally, const std::string& module, const char* phase) {
  return tally.by_module_and_phase().at(module).at(phase).macs;
}

// Two linear layers of 8 to 12 and 8 to 20 features, no bias.
struct Siblings : torch::nn::Module {
  Siblings() {
    register_module("a", a);
    register_module("b", b);
    register_module("inner", inner);
  }
  template <typename Layer>
  static at::Tensor run(Layer& layer, const at::Tensor& x) {
    ModuleScope scope(*layer);
    return layer->forward(x);
  }
  static torch::nn::Linear linear(int from, int to) { return torch::nn::Linear(torch::nn::LinearOptions(from, to).bias(false)); }
  torch::nn::Linear a = linear(8, 12);
  torch::nn::Linear b = linear(8, 12);
  torch::nn::Linear inner = linear(12, 8);
};

// One layer forward: 5 rows of 8 inputs to 12 outputs.
constexpr std::int64_t kForward = 5 * 8 * 12;

// A(x) + B(x): nothing in the graph tells where A ends and B begins but who made the nodes. Backward is, for each of the two,
// the weight's gradient, 12x5 by 5x8, and the input's, 5x12 by 12x8: as many products as forward each.
TEST(Backward, SiblingsEachHaveTheirOwn) {
  Siblings net;
  const at::Tensor x = random({5, 8}, true);
  CountingGuard guard(net);
  (Siblings::run(net.a, x) + Siblings::run(net.b, x)).sum().backward();
  const Tally tally = guard.tally();
  for (const char* module : {"a", "b"}) {
    EXPECT_EQ(macs_in(tally, module, "forward"), kForward) << module;
    EXPECT_EQ(macs_in(tally, module, "backward"), 2 * kForward) << module;
  }
  EXPECT_EQ(macs_in(tally, "", "backward"), 4 * kForward);
  // Only the sum of the two, its backward and the sum of the gradients of x is the root's own.
  EXPECT_EQ(tally.by_phase().at("backward").macs, 4 * kForward);
}

// A root that returns a number has no output through which hooks could see the gradient come.
struct ScalarRoot : Siblings {
  at::Tensor forward(const at::Tensor& x) {
    ModuleScope scope(*this);
    return run(inner, run(a, x)).square().mean();
  }
};

TEST(Backward, OfARootThatReturnsAScalar) {
  ScalarRoot net;
  CountingGuard guard(net);
  net.forward(random({5, 8})).backward();
  const Tally tally = guard.tally();
  EXPECT_EQ(macs_in(tally, "a", "backward"), kForward);          // the weight's only: x wants none
  EXPECT_EQ(macs_in(tally, "inner", "backward"), 2 * kForward);  // 5·12·8 each
  EXPECT_EQ(tally.total().macs, (2 + 3) * kForward);
}

// inner(a(inner'(...))): the same module twice, first without a gradient for its input.
TEST(Backward, OfAModuleThatIsCalledTwice) {
  Siblings net;
  CountingGuard guard(net);
  const at::Tensor once = Siblings::run(net.a, random({5, 8}));
  Siblings::run(net.a, Siblings::run(net.inner, once)).sum().backward();
  const Tally tally = guard.tally();
  EXPECT_EQ(macs_in(tally, "a", "forward"), 2 * kForward);
  EXPECT_EQ(macs_in(tally, "a", "backward"), (2 + 1) * kForward);
  EXPECT_EQ(macs_in(tally, "inner", "backward"), 2 * kForward);
}

// One module under two names: its backward is where its forward is, under the first.
TEST(Backward, OfASharedModule) {
  struct Shared : torch::nn::Module {
    Shared() {
      register_module("first", layer);
      register_module("second", layer);
    }
    torch::nn::Linear layer = Siblings::linear(8, 8);
  } net;
  CountingGuard guard(net);
  Siblings::run(net.layer, Siblings::run(net.layer, random({5, 8}))).sum().backward();
  const Tally tally = guard.tally();
  EXPECT_EQ(macs_in(tally, "first", "backward"), (2 + 1) * 5 * 8 * 8);
  EXPECT_EQ(tally.modules().at(1).aliases, std::vector<std::string>{"second"});
}

TEST(Backward, RunsAgainWhereTheGraphIsRetained) {
  Siblings net;
  CountingGuard guard(net);
  const at::Tensor loss = Siblings::run(net.a, random({5, 8})).sum();
  loss.backward({}, /*retain_graph=*/true);
  loss.backward();
  const Tally tally = guard.tally();
  EXPECT_EQ(macs_in(tally, "a", "backward"), 2 * kForward);
  EXPECT_EQ(tally.by_phase().at("recompute"), Cost());
}

// y = (x Wᵀ)²; its first gradient is made with a graph, and that is differentiated again: both belong to the layer.
TEST(Backward, DoubleBackwardBelongsToTheModuleToo) {
  Siblings net;
  const at::Tensor x = random({5, 8}, true);
  CountingGuard guard(net);
  const at::Tensor y = Siblings::run(net.a, x).square().sum();
  const at::Tensor gradient = torch::autograd::grad({y}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
  const std::int64_t first = macs_in(guard.tally(), "a", "backward");
  EXPECT_EQ(first, kForward);  // the input's gradient alone was asked for
  gradient.square().sum().backward();
  const Tally tally = guard.tally();
  // gradient = 2y·W, 5x12 by 12x8. Backward of that product: for W and for y, one product each; then y = x Wᵀ itself, for W and
  // for x.
  EXPECT_EQ(macs_in(tally, "a", "backward"), kForward + 4 * kForward);
  EXPECT_EQ(macs_in(tally, "", "backward"), 5 * kForward);
  EXPECT_EQ(tally.by_phase().at("recompute"), Cost());
}

// A gradient penalty between ordinary steps: passes that record and passes that do not, at the same addresses.
TEST(Backward, PassesThatRecordAndOthersTakeTurns) {
  Siblings net;
  CountingGuard guard(net);
  for (int i = 0; i < 10; ++i) {
    Siblings::run(net.a, random({5, 8})).sum().backward();
    const at::Tensor x = random({5, 8}, true);
    const at::Tensor y = Siblings::run(net.a, x).square().sum();
    torch::autograd::grad({y}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0].square().sum().backward();
  }
  EXPECT_EQ(guard.tally().by_phase().at("recompute"), Cost());
}

// As torch.func.grad does: a graph of the gradient, and the first one is not kept.
TEST(Backward, APassThatRecordsAndKeepsNothing) {
  Siblings net;
  const at::Tensor x = random({5, 8}, true);
  CountingGuard guard(net);
  const at::Tensor y = Siblings::run(net.a, x).square().sum();
  torch::autograd::grad({y}, {x}, {}, /*retain_graph=*/false, /*create_graph=*/true);
  EXPECT_EQ(macs_in(guard.tally(), "a", "backward"), kForward);
  EXPECT_EQ(guard.tally().by_phase().at("recompute"), Cost());
}

TEST(Backward, OnlyWhatIsAskedFor) {
  Siblings net;
  const at::Tensor x = random({5, 8}, true);
  CountingGuard guard(net);
  const at::Tensor y = Siblings::run(net.inner, Siblings::run(net.a, x)).sum();
  torch::autograd::grad({y}, {x});
  const Tally tally = guard.tally();
  EXPECT_EQ(macs_in(tally, "a", "backward"), kForward);
  EXPECT_EQ(macs_in(tally, "inner", "backward"), kForward);
}

// Every combination of what requires a gradient in linear -> linear -> linear: a weight's gradient costs a product if the weight
// wants it, an input's if anything before it does.
TEST(Backward, ChainOfLinearLayersForAllCombinations) {
  for (int wanted = 1; wanted < 16; ++wanted) {
    Siblings net;
    std::vector<torch::nn::Linear> chain = {net.a, net.inner, net.b};
    const at::Tensor x = random({5, 8}, (wanted & 1) != 0);
    std::vector<std::int64_t> expected(3);
    bool input_wants = (wanted & 1) != 0;
    for (int i = 0; i < 3; ++i) {
      const bool weight_wants = (wanted & (2 << i)) != 0;
      chain[i]->weight.requires_grad_(weight_wants);
      expected[i] = (weight_wants ? kForward : 0) + (input_wants ? kForward : 0);
      input_wants = input_wants || weight_wants;
    }
    CountingGuard guard(net);
    at::Tensor y = x;
    for (torch::nn::Linear& layer : chain) y = Siblings::run(layer, y);
    y.sum().backward();
    const Tally tally = guard.tally();
    EXPECT_EQ(macs_in(tally, "a", "backward"), expected[0]) << wanted;
    EXPECT_EQ(macs_in(tally, "inner", "backward"), expected[1]) << wanted;
    EXPECT_EQ(macs_in(tally, "b", "backward"), expected[2]) << wanted;
  }
}

// The same for convolutions: 3 channels of 6x6 to 4 of 4x4 by 3x3, 4·16·27 products; then 4 to 2 channels of 2x2, 2·4·36.
TEST(Backward, ChainOfConvolutionsForAllCombinations) {
  struct Net : torch::nn::Module {
    Net() {
      register_module("first", first);
      register_module("second", second);
    }
    torch::nn::Conv2d first = torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 4, 3));
    torch::nn::Conv2d second = torch::nn::Conv2d(torch::nn::Conv2dOptions(4, 2, 3));
  };
  constexpr std::int64_t kFirst = 4 * 16 * 27;
  constexpr std::int64_t kSecond = 2 * 4 * 36;
  for (int wanted = 1; wanted < 8; ++wanted) {
    Net net;
    const bool x_wants = (wanted & 1) != 0;
    const bool first_wants = (wanted & 2) != 0;
    const bool second_wants = (wanted & 4) != 0;
    net.first->weight.requires_grad_(first_wants);
    net.first->bias.requires_grad_(false);
    net.second->weight.requires_grad_(second_wants);
    net.second->bias.requires_grad_(false);
    CountingGuard guard(net);
    Siblings::run(net.second, Siblings::run(net.first, random({1, 3, 6, 6}, x_wants))).sum().backward();
    const Tally tally = guard.tally();
    EXPECT_EQ(macs_in(tally, "first", "backward"), (x_wants ? kFirst : 0) + (first_wants ? kFirst : 0)) << wanted;
    EXPECT_EQ(macs_in(tally, "second", "backward"), (x_wants || first_wants ? kSecond : 0) + (second_wants ? kSecond : 0))
        << wanted;
  }
}

// Of convolutions this small, hundreds: to wake up threads takes longer than they do.
class OneThread {
 public:
  OneThread() { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }

 private:
  int before_ = at::get_num_threads();
};

// Strides, padding, groups, a transposed one, a linear layer, biases: every combination of what requires a gradient, the input
// included. Of products, as many as forward for a weight that wants a gradient, and as many for an input that does; an addition
// an element of the output's gradient for a bias.
struct Mixed : torch::nn::Module {
  Mixed() {
    register_module("strided", strided);
    register_module("grouped", grouped);
    register_module("transposed", transposed);
    register_module("linear", linear);
  }
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor pictures = Siblings::run(transposed, Siblings::run(grouped, Siblings::run(strided, x)));
    return Siblings::run(linear, pictures.flatten(1));
  }
  torch::nn::Conv2d strided{torch::nn::Conv2dOptions(4, 6, 3).stride(2).padding(1)};
  torch::nn::Conv2d grouped{torch::nn::Conv2dOptions(6, 4, 3).groups(2)};
  torch::nn::ConvTranspose2d transposed{torch::nn::ConvTranspose2dOptions(4, 3, 2).stride(2)};
  torch::nn::Linear linear{3 * 36, 5};
};

TEST(Backward, ChainOfAllKindsForAllCombinations) {
  struct Layer {
    const char* name;
    std::int64_t macs;     // forward
    std::int64_t outputs;  // elements
  };
  // Two pictures of 4 channels of 9x9. 6 channels of 5x5, each element a sum over 4·9; 4 of 3x3 over 3·9, as there are two
  // groups; 3 of 6x6, to which each of 4·3·3 gives 2·2 products a channel; 5 sums of 108.
  const std::vector<Layer> layers = {{"strided", 2 * 6 * 25 * 4 * 9, 2 * 6 * 25},
                                     {"grouped", 2 * 4 * 9 * 3 * 9, 2 * 4 * 9},
                                     {"transposed", 2 * 4 * 9 * 3 * 4, 2 * 3 * 36},
                                     {"linear", 2 * 108 * 5, 2 * 5}};
  const OneThread one_thread;
  Mixed net;
  const std::vector<at::Tensor> parameters = net.parameters();  // weight and bias of each in turn
  ASSERT_EQ(parameters.size(), 2 * layers.size());
  for (unsigned wanted = 1; wanted < 1U << 9; ++wanted) {
    const auto wants = [&](std::size_t tensor) { return (wanted >> tensor & 1U) != 0; };
    const at::Tensor x = random({2, 4, 9, 9}, wants(8));
    net.zero_grad(/*set_to_none=*/true);  // an addition to what is there would count
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].requires_grad_(wants(i));
    CountingGuard guard(net);
    net.forward(x).sum().backward();
    const auto costs = guard.tally().by_module_and_phase();
    bool input_wants = wants(8);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::int64_t products = layers[i].macs * ((wants(2 * i) ? 1 : 0) + (input_wants ? 1 : 0));
      const Cost& backward = costs.at(layers[i].name).at("backward");
      EXPECT_EQ(costs.at(layers[i].name).at("forward").macs, layers[i].macs);
      EXPECT_EQ(backward.macs, products) << layers[i].name << ", " << wanted;
      EXPECT_EQ(backward.flops, 2 * products + (wants(2 * i + 1) ? layers[i].outputs : 0)) << layers[i].name << ", " << wanted;
      input_wants = input_wants || wants(2 * i) || wants(2 * i + 1);
    }
  }
}

// A frozen layer with an adapter of rank 2 beside it: x Wᵀ + (x Aᵀ) Bᵀ. Backward: for W the input's gradient only, and none at
// all as x wants none; for B both (12·2·5 each), for A the weight's (2·8·5).
TEST(Backward, FrozenWeightsAndAdapters) {
  struct Adapted : torch::nn::Module {
    Adapted() {
      register_module("base", base);
      register_module("down", down);
      register_module("up", up);
      base->weight.requires_grad_(false);
    }
    torch::nn::Linear base = Siblings::linear(8, 12);
    torch::nn::Linear down = Siblings::linear(8, 2);
    torch::nn::Linear up = Siblings::linear(2, 12);
  } net;
  const at::Tensor x = random({5, 8});
  CountingGuard guard(net);
  (Siblings::run(net.base, x) + Siblings::run(net.up, Siblings::run(net.down, x))).sum().backward();
  const Tally tally = guard.tally();
  EXPECT_EQ(macs_in(tally, "base", "backward"), 0);
  EXPECT_EQ(macs_in(tally, "up", "backward"), 2 * 5 * 2 * 12);
  EXPECT_EQ(macs_in(tally, "down", "backward"), 5 * 2 * 8);
}

// The second backward adds to the gradient of the first: one addition an element of the weight, in the owner's account.
TEST(Backward, AccumulationBelongsToTheOwner) {
  Siblings net;
  const at::Tensor x = random({5, 8});
  Siblings::run(net.a, x).sum().backward();
  Siblings::run(net.b, x).sum().backward();
  CountingGuard guard(net);
  {
    // All nodes are made in the root: only the variable tells.
    const at::Tensor weights = net.a->weight + net.b->weight;
    at::linear(x, weights).sum().backward();
  }
  const Tally tally = guard.tally();
  std::map<std::string, std::int64_t> added;
  for (const Tally::Row& row : tally.rows()) {
    if (row.phase != Phase::kBackward || tally.operators()[row.op].name != "aten::add_") continue;
    added[tally.modules()[row.module].name] += row.cost.flops;
  }
  EXPECT_EQ(added, (std::map<std::string, std::int64_t>{{"a", 12 * 8}, {"b", 12 * 8}}));
}

// Reentrant checkpointing: forward without a graph; in backward forward again with one, and a backward of its own through that.
struct Checkpoint : torch::autograd::Function<Checkpoint> {
  using Forward = std::function<at::Tensor(const at::Tensor&)>;
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const Forward* run) {
    context->save_for_backward({x});
    context->saved_data["run"] = reinterpret_cast<std::int64_t>(run);
    const at::NoGradGuard no_grad;
    return (*run)(x);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const at::Tensor x = context->get_saved_variables()[0].detach().requires_grad_(true);
    at::AutoGradMode with_grad(true);
    const at::Tensor y = (*reinterpret_cast<const Forward*>(context->saved_data["run"].toInt()))(x);
    torch::autograd::backward({y}, {gradients[0]});
    return {x.grad(), at::Tensor()};
  }
};

TEST(Backward, ACheckpointRecomputes) {
  Siblings net;
  const Checkpoint::Forward with_scopes = [&](const at::Tensor& x) { return Siblings::run(net.inner, Siblings::run(net.a, x)); };
  CountingGuard guard(net);
  const at::Tensor x = random({5, 8}, true);
  Checkpoint::apply(x, &with_scopes).sum().backward();
  const Tally tally = guard.tally();
  for (const char* module : {"a", "inner"}) {
    EXPECT_EQ(macs_in(tally, module, "forward"), kForward) << module;
    EXPECT_EQ(macs_in(tally, module, "recompute"), kForward) << module;
    EXPECT_EQ(macs_in(tally, module, "backward"), 2 * kForward) << module;
  }
  EXPECT_EQ(tally.total().macs, (1 + 1 + 2) * 2 * kForward);
}

TEST(Backward, ACheckpointWithoutScopesIsFoundByItsParameters) {
  Siblings net;
  const Checkpoint::Forward without_scopes = [&](const at::Tensor& x) { return net.inner->forward(net.a->forward(x)); };
  CountingGuard guard(net);
  const at::Tensor x = random({5, 8}, true);
  Checkpoint::apply(x, &without_scopes).sum().backward();
  const Tally tally = guard.tally();
  for (const char* module : {"a", "inner"}) {
    EXPECT_EQ(macs_in(tally, module, "forward"), kForward) << module;
    EXPECT_EQ(macs_in(tally, module, "recompute"), kForward) << module;
    EXPECT_EQ(macs_in(tally, module, "backward"), 2 * kForward) << module;
  }
}

// C++ modules without any scope.
TEST(Backward, OperatorsBelongToTheOwnerOfTheirParameter) {
  Siblings net;
  CountingGuard guard(net);
  net.inner->forward(net.a->forward(random({5, 8}))).relu().sum().backward();
  const Tally tally = guard.tally();
  EXPECT_EQ(macs_in(tally, "a", "forward"), kForward);
  EXPECT_EQ(macs_in(tally, "a", "backward"), kForward);
  EXPECT_EQ(macs_in(tally, "inner", "forward"), kForward);
  EXPECT_EQ(macs_in(tally, "inner", "backward"), 2 * kForward);
  // relu, of 5·8 elements, takes no parameter: the root's.
  EXPECT_EQ(tally.by_module_and_operator().at("").at("aten::relu").calls, 1);
  EXPECT_EQ(tally.by_module_and_operator().at("inner").count("aten::relu"), 0U);
  EXPECT_THAT(tally.uncalled_modules(), ::testing::ElementsAre("b"));
}

TEST(Backward, AScopeWinsOverAParameterThatLiesElsewhere) {
  Siblings net;
  CountingGuard guard(net);
  {
    ModuleScope scope("head");
    net.a->forward(random({5, 8}));
  }
  EXPECT_EQ(module_macs(guard.tally(), "head"), kForward);
  EXPECT_EQ(module_macs(guard.tally(), "a"), 0);
}

// Autocast multiplies by a copy of the weight in bfloat16, which no module has registered.
TEST(Backward, ACastOfAParameterIsTheModules) {
  Siblings net;
  CountingGuard guard(net);
  at::Tensor y;
  {
    const Autocast autocast;
    y = net.inner->forward(net.a->forward(random({5, 8})));
  }
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  y.sum().backward();
  const Tally tally = guard.tally();
  EXPECT_EQ(macs_in(tally, "a", "forward"), kForward);
  EXPECT_EQ(macs_in(tally, "inner", "forward"), kForward);
  EXPECT_EQ(macs_in(tally, "a", "backward"), kForward);
  EXPECT_EQ(macs_in(tally, "inner", "backward"), 2 * kForward);
  EXPECT_EQ(tally.by_dtype().at("bfloat16").macs, 5 * kForward);
}

TEST(Backward, NestedGuardsAttributeEachByItsOwnNames) {
  Siblings net;
  CountingGuard outer;
  CountingGuard guard(net);
  const at::Tensor x = random({5, 8}, true);
  (Siblings::run(net.a, x) + Siblings::run(net.b, x)).sum().backward();
  EXPECT_EQ(macs_in(guard.tally(), "a", "backward"), 2 * kForward);
  EXPECT_EQ(macs_in(guard.tally(), "b", "backward"), 2 * kForward);
  EXPECT_EQ(macs_in(outer.tally(), "", "backward"), 4 * kForward);
  EXPECT_EQ(macs_in(outer.tally(), "torch::nn::LinearImpl", "backward"), 4 * kForward);  // unknown to it: by type
}

// A graph that was made before the guard: nobody knows whose it is, so it is the root's.
TEST(Backward, OfAGraphThatIsOlderThanTheGuard) {
  Siblings net;
  const at::Tensor y = Siblings::run(net.a, random({5, 8})).sum();
  CountingGuard guard(net);
  y.backward();
  EXPECT_EQ(macs_in(guard.tally(), "", "backward"), kForward);
  EXPECT_EQ(macs_in(guard.tally(), "a", "backward"), 0);
}

// Two threads build their graphs at the same time, a third runs one backward through both: a node's number alone does not tell.
TEST(Backward, ThroughNodesOfSeveralThreads) {
  Siblings net;
  const at::Tensor x = random({5, 8}, true);
  CountingGuard guard(net);
  std::vector<at::Tensor> outputs(2);
  const ThreadContext context = ThreadContext::current();
  std::thread first([&] {
    AdoptContext adopt(context);
    outputs[0] = Siblings::run(net.a, x);
  });
  first.join();
  std::thread second([&] {
    AdoptContext adopt(context);
    outputs[1] = Siblings::run(net.b, x);
  });
  second.join();
  (outputs[0] + outputs[1]).sum().backward();
  const Tally tally = guard.tally();
  EXPECT_EQ(macs_in(tally, "a", "backward"), 2 * kForward);
  EXPECT_EQ(macs_in(tally, "b", "backward"), 2 * kForward);
  EXPECT_EQ(tally.total().macs, 6 * kForward);
}

}  // namespace
}  // namespace torchtally::testing
