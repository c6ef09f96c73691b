#include <torch/nn/module.h>

#include <string>

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "dispatch/model_modules.h"
#include "dispatch/parameter_set.h"

namespace torchtally::dispatch {
namespace {

using attribution::ModuleId;
using attribution::ModuleTree;

// "torch::nn::Conv2dImpl" -> "Conv2d".
std::string type_name(const torch::nn::Module& module) {
  absl::string_view name = module.name();
  name = absl::StripPrefix(name, "torch::nn::");
  return std::string(absl::StripSuffix(name, "Impl"));
}

ParameterCount count_parameters(const torch::nn::Module& module) {
  ParameterSet parameters;
  for (const at::Tensor& parameter : module.parameters(/*recurse=*/true)) parameters.insert(parameter);
  return parameters.count();
}

void list_children(const torch::nn::Module& module, ModuleId id, ModuleTree& tree) {
  for (const auto& child : module.named_children()) {
    const torch::nn::Module& submodule = *child.value();
    const auto [child_id, is_new] =
        tree.register_module(id, child.key(), &submodule, type_name(submodule), count_parameters(submodule));
    if (is_new) list_children(submodule, child_id, tree);
  }
}

}  // namespace

void list_modules(const torch::nn::Module& model, ModuleTree& tree) {
  tree.describe_root(&model, type_name(model), count_parameters(model));
  list_children(model, attribution::kRoot, tree);
}

}  // namespace torchtally::dispatch
