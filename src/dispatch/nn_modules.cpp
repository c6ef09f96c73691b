#include <torch/nn/module.h>

#include <string>

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "dispatch/model_modules.h"
#include "dispatch/parameter_set.h"

namespace torchtally::dispatch {
namespace {

using attribution::ModuleId;

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

void list_children(const torch::nn::Module& module, ModuleId id, Context& context) {
  for (const at::Tensor& parameter : module.parameters(/*recurse=*/false)) context.owners().add(id, parameter);
  for (const at::Tensor& buffer : module.buffers(/*recurse=*/false)) context.owners().add(id, buffer);
  for (const auto& child : module.named_children()) {
    const torch::nn::Module& submodule = *child.value();
    const auto [child_id, is_new] =
        context.modules().register_module(id, child.key(), &submodule, type_name(submodule), count_parameters(submodule));
    if (is_new) list_children(submodule, child_id, context);
  }
}

}  // namespace

void list_modules(const torch::nn::Module& model, Context& context) {
  context.modules().describe_root(&model, type_name(model), count_parameters(model));
  list_children(model, attribution::kRoot, context);
}

}  // namespace torchtally::dispatch
