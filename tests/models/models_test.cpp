// Real models, counted and compared with what torchvision publishes about them. torchvision.tsv has the models that the project
// promises, further.tsv some more.
#include <ATen/Functions.h>
#include <c10/core/GradMode.h>
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/version.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/meta_kernels.h"
#include "torchtally/torchtally.h"

namespace torchtally {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Key;
using testing::Not;

// A row of torchvision.tsv or further.tsv.
struct Published {
  std::string model;
  std::string group;
  std::string input;
  double gmacs = 0;
  std::int64_t parameters = 0;
};

void PrintTo(const Published& row, std::ostream* os) { *os << row.model; }

std::vector<Published> read_published() {
  std::vector<Published> rows;
  for (const char* name : {"torchvision.tsv", "further.tsv"}) {
    std::ifstream file(std::string(MODELS_SOURCE_DIR "/") + name);
    std::string line;
    std::getline(file, line);  // the header
    while (std::getline(file, line)) {
      std::istringstream fields(line);
      Published row;
      std::getline(fields, row.model, '\t');
      std::getline(fields, row.group, '\t');
      std::getline(fields, row.input, '\t');
      fields >> row.gmacs >> row.parameters;
      rows.push_back(row);
    }
  }
  return rows;
}

// "1x3x224x224", "[[1, 3, 512, 512], [1, 3, 512, 512]]": every run of four or five numbers is a shape.
std::vector<std::vector<std::int64_t>> shapes_of(const Published& row) {
  std::vector<std::vector<std::int64_t>> shapes(1);
  for (std::size_t at = 0; at < row.input.size();) {
    if (std::isdigit(static_cast<unsigned char>(row.input[at])) != 0) {
      std::size_t length = 0;
      shapes.back().push_back(std::stoll(row.input.substr(at), &length));
      at += length;
    } else {
      if (row.input[at] == ']' && !shapes.back().empty()) shapes.emplace_back();
      ++at;
    }
  }
  if (shapes.back().empty()) shapes.pop_back();
  return shapes;
}

// Kernels run where a second or two is enough for them; of the bigger models only the shapes are worked out. A detector's course
// depends on values, which shapes do not have, and so do the shapes of LibTorch 1.13's repeat_interleave, which mvit_v1_b calls.
bool runs_kernels(const Published& row) { return row.gmacs < 5 || row.group == "detection" || row.model == "mvit_v1_b"; }

std::string archive(const std::string& name) { return std::string(MODELS_BINARY_DIR "/") + name + ".pt"; }

// Why there is no such archive; empty if there is one.
std::string why_missing(const std::string& name) {
  std::ifstream file(std::string(MODELS_BINARY_DIR "/") + name + ".missing");
  std::string reason;
  std::getline(file, reason);
  return reason;
}

// Detectors call torchvision's own operators. Why they are not to be had; empty if they are loaded.
std::string load_torchvision_operators() {
#ifdef TORCHVISION_LIBRARY
  if (dlopen(TORCHVISION_LIBRARY, RTLD_NOW | RTLD_GLOBAL) == nullptr) ADD_FAILURE() << dlerror();
  return "";
#else
  return "torchvision's operators are built for another LibTorch than " TORCH_VERSION;
#endif
}

std::vector<c10::IValue> inputs_of(const Published& row, c10::Device device) {
  std::vector<c10::IValue> inputs;
  for (const std::vector<std::int64_t>& shape : shapes_of(row)) {
    inputs.emplace_back(at::zeros(shape, at::TensorOptions().device(device)));
  }
  if (row.group == "detection") return {c10::List<at::Tensor>({inputs.at(0).toTensor()})};
  return inputs;
}

Tally count(const Published& row) {
  const c10::Device device = runs_kernels(row) ? c10::kCPU : c10::kMeta;
  if (device.is_meta()) cli::register_missing_meta_kernels();
  torch::jit::Module model = torch::jit::load(archive(row.model), device);
  std::vector<c10::IValue> inputs = inputs_of(row, device);
  const c10::NoGradGuard no_grad;
  const CountingGuard guard(model);
  model.forward(std::move(inputs));
  return guard.tally();
}

Tally count_on_cpu(const std::string& name, const std::vector<std::int64_t>& shape) {
  torch::jit::Module model = torch::jit::load(archive(name), c10::kCPU);
  const CountingGuard guard(model);
  model.forward({at::zeros(shape)});
  return guard.tally();
}

// Each way to add everything up gives the same.
void expect_consistent(const Tally& tally) {
  Cost by_operator;
  for (const auto& [name, cost] : tally.by_operator()) by_operator += cost;
  EXPECT_EQ(by_operator, tally.total());
  EXPECT_EQ(tally.by_module().at(""), tally.total());
  const auto by_module = tally.by_module();
  for (const auto& [module, operators] : tally.by_module_and_operator()) {
    Cost sum;
    for (const auto& [name, cost] : operators) sum += cost;
    EXPECT_EQ(sum, by_module.at(module)) << module;
  }
}

// The interpreter tells of each call of a module with what it is called, but for those whose forward() nobody calls: of lists
// only the items, and of RAFT's CorrBlock other methods.
void expect_calls_of_modules(const Tally& tally) {
  for (const ModuleInfo& module : tally.modules()) {
    EXPECT_TRUE(module.registered) << module.name;
    if (!module.called || module.type == "ModuleList" || module.type == "CorrBlock") continue;
    if (module.name == "backbone.features" && module.calls == 0) continue;  // ssdlite's: it iterates over a Sequential
    EXPECT_GT(module.calls, 0) << module.name;
    EXPECT_THAT(module.input_sizes, Not(IsEmpty())) << module.name;
  }
}

// Published to the million.
#define EXPECT_GMACS(macs, gmacs) EXPECT_NEAR(static_cast<double>(macs) / 1e9, gmacs, 0.00050001)

class Models : public testing::TestWithParam<Published> {};

TEST_P(Models, CountAsPublished) {
  const Published& row = GetParam();
  if (const std::string reason = why_missing(row.model); !reason.empty()) GTEST_SKIP() << reason;
  if (row.group == "detection") {
    if (const std::string reason = load_torchvision_operators(); !reason.empty()) GTEST_SKIP() << reason;
  }

  const Tally tally = count(row);

  EXPECT_EQ(tally.parameters().total, row.parameters);
  EXPECT_THAT(tally.unknown_operators(), IsEmpty());
  expect_consistent(tally);
  expect_calls_of_modules(tally);
  EXPECT_GMACS(tally.total().macs, row.gmacs);
}

INSTANTIATE_TEST_SUITE_P(Torchvision, Models, testing::ValuesIn(read_published()),
                         [](const testing::TestParamInfo<Published>& info) { return info.param.model; });

// The inference fast path is one operator for a whole attention layer; it is taken only where no gradient is asked for.
TEST(VisionTransformer, FastPathCountsTheSame) {
  const c10::NoGradGuard no_grad;
  const Tally tally = count_on_cpu("vit_b_16", {1, 3, 224, 224});
  EXPECT_THAT(tally.by_operator(), Contains(Key("aten::_native_multi_head_attention")));
  EXPECT_GMACS(tally.total().macs, 17.564);
}

TEST(VisionTransformer, WithoutFastPathCountsTheSame) {
  const Tally tally = count_on_cpu("vit_b_16", {1, 3, 224, 224});
  EXPECT_THAT(tally.by_operator(), Not(Contains(Key("aten::_native_multi_head_attention"))));
  EXPECT_GMACS(tally.total().macs, 17.564);
}

// Tracing records aten::_convolution, scripting aten::conv2d: either is one convolution.
TEST(TracedResNet18, CountsAsTheScriptedOne) {
  const c10::NoGradGuard no_grad;
  const Tally traced = count_on_cpu("resnet18_traced", {1, 3, 224, 224});
  const Tally scripted = count_on_cpu("resnet18", {1, 3, 224, 224});
  EXPECT_THAT(traced.unknown_operators(), IsEmpty());
  EXPECT_EQ(traced.total().macs, scripted.total().macs);
  EXPECT_EQ(traced.by_module().at("layer1.0.conv1"), scripted.by_module().at("layer1.0.conv1"));
}

TEST(ResNet50, IsAttributedModuleByModule) {
  const c10::NoGradGuard no_grad;
  const auto modules = count_on_cpu("resnet50", {1, 3, 224, 224}).by_module();
  // 64 output channels × 56×56 pixels × 64 input channels × 1×1.
  EXPECT_EQ(modules.at("layer1.0.conv1").macs, 64 * 56 * 56 * 64);
  // 64 × 56×56 × 64 × 3×3.
  EXPECT_EQ(modules.at("layer1.0.conv2").macs, 64 * 56 * 56 * 64 * 9);
  // 2048 features × 1000 classes.
  EXPECT_EQ(modules.at("fc").macs, 2048 * 1000);
  EXPECT_EQ(modules.at("layer1").macs, modules.at("layer1.0").macs + modules.at("layer1.1").macs + modules.at("layer1.2").macs);
}

// A batch of n costs n times the multiply-accumulates of one.
TEST(ResNet50, GrowsWithTheBatch) {
  const c10::NoGradGuard no_grad;
  const Tally one = count_on_cpu("resnet50", {1, 3, 64, 64});
  const Tally three = count_on_cpu("resnet50", {3, 3, 64, 64});
  EXPECT_EQ(three.total().macs, one.total().macs * 3);
  EXPECT_EQ(three.total().calls, one.total().calls);
}

}  // namespace
}  // namespace torchtally
