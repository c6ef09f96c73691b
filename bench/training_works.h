// The training steps that are measured: of ResNet-18 on two images of 64x64, and of a small transformer on 16 tokens, where
// operators are smallest.
#ifndef TORCHTALLY_BENCH_TRAINING_WORKS_H_
#define TORCHTALLY_BENCH_TRAINING_WORKS_H_

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/transformerlayer.h>
#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torchtally::bench {
class ResNet18 {
 public:
  static constexpr std::int64_t kBatch = 2;
  static constexpr std::int64_t kClasses = 1000;

  // The archive has no weights; TorchScript's optimizing executor is off for all, as it is under a meter.
  ResNet18() {
    torch::jit::setGraphExecutorOptimize(false);
    model = torch::jit::load(MODELS_DIR "/resnet18.pt");
    std::vector<at::Tensor> parameters;
    for (at::Tensor parameter : model.parameters()) {
      constexpr double kSmall = 0.02;
      parameter.set_data(at::randn(parameter.sizes()).mul_(kSmall));
      parameters.push_back(parameter.requires_grad_());
    }
    model.train();
    optimizer.emplace(parameters, torch::optim::SGDOptions(1e-4));
  }
  void step() {
    optimizer->zero_grad();
    at::cross_entropy_loss(model.forward({x}).toTensor(), label).backward();
    optimizer->step();
  }

  torch::jit::Module model;
  at::Tensor x = at::randn({kBatch, 3, 64, 64});
  at::Tensor label = at::randint(kClasses, {kBatch}, at::kLong);
  std::optional<torch::optim::SGD> optimizer;
};

class Transformer {
 public:
  static constexpr std::int64_t kTokens = 16;
  static constexpr std::int64_t kVocabulary = 256;
  static constexpr std::int64_t kWidth = 128;

  struct Net : torch::nn::Module {
    Net() {
      register_module("embedding", embedding);
      for (int i = 0; i < 4; ++i) {
        layers.emplace_back(torch::nn::TransformerEncoderLayerOptions(kWidth, 4).dim_feedforward(4 * kWidth).dropout(0));
        register_module("layer" + std::to_string(i), layers.back());
      }
      register_module("head", head);
    }
    at::Tensor forward(const at::Tensor& tokens) {
      at::Tensor x = embedding(tokens);
      for (auto& layer : layers) x = layer(x);
      return head(x);
    }
    torch::nn::Embedding embedding{kVocabulary, kWidth};
    std::vector<torch::nn::TransformerEncoderLayer> layers;
    torch::nn::Linear head{kWidth, kVocabulary};
  };

  void step() {
    optimizer.zero_grad();
    at::cross_entropy_loss(model.forward(x).view({kTokens, kVocabulary}), label).backward();
    optimizer.step();
  }

  Net model;
  at::Tensor x = at::randint(kVocabulary, {kTokens, 1}, at::kLong);
  at::Tensor label = at::randint(kVocabulary, {kTokens}, at::kLong);
  torch::optim::Adam optimizer{model.parameters(), torch::optim::AdamOptions(1e-4)};
};

}  // namespace torchtally::bench

#endif  // TORCHTALLY_BENCH_TRAINING_WORKS_H_
