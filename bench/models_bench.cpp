// What counting adds to a real model: ResNet-18's forward on an image of 224x224, and its training step on a batch of 64x64.
//
//   build/release/bin/models_bench    (bench/run.py prints the ratios)
//
// The archive has no weights; here every parameter gets random ones. The optimizing executor of TorchScript is off for all
// baselines, as it is under a guard.
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>
#include <torch/csrc/jit/serialization/import.h>

#include "call.h"

namespace torchtally::bench {
namespace {

torch::jit::Module load_resnet18() {
  torch::jit::setGraphExecutorOptimize(false);
  torch::jit::Module model = torch::jit::load(MODELS_DIR "/resnet18.pt");
  for (at::Tensor parameter : model.parameters()) {
    constexpr double kSmall = 0.02;
    parameter.set_data(at::randn(parameter.sizes()).mul_(kSmall));
  }
  return model;
}

struct ResNet18Forward {
  mutable torch::jit::Module model = load_resnet18();
  at::Tensor x = at::randn({1, 3, 224, 224});

  ResNet18Forward() { model.eval(); }
  at::Tensor operator()() const { return model.forward({x}).toTensor(); }
};

// Forward, loss, backward and SGD.
struct ResNet18Step {
  static constexpr std::int64_t kBatch = 8;
  static constexpr std::int64_t kClasses = 1000;

  mutable torch::jit::Module model = load_resnet18();
  at::Tensor x = at::randn({kBatch, 3, 64, 64});
  at::Tensor label = at::randint(kClasses, {kBatch}, at::kLong);

  ResNet18Step() {
    model.train();
    for (at::Tensor parameter : model.parameters()) parameter.requires_grad_();
  }
  at::Tensor operator()() const {
    at::Tensor loss;
    {
      const at::AutoGradMode with_gradients(true);
      loss = at::cross_entropy_loss(model.forward({x}).toTensor(), label);
      loss.backward();
    }
    constexpr double kRate = 1e-4;
    for (at::Tensor parameter : model.parameters()) {
      parameter.add_(parameter.grad(), -kRate);
      parameter.mutable_grad().reset();
    }
    return loss;
  }
};

TORCHTALLY_BENCH(ResNet18Forward, 1);
TORCHTALLY_BENCH(ResNet18Step, 1);

}  // namespace
}  // namespace torchtally::bench

int main(int argc, char** argv) { return torchtally::bench::run(argc, argv); }
