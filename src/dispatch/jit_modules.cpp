#include <torch/csrc/jit/api/module.h>

#include <string>

#include "dispatch/model_modules.h"
#include "dispatch/parameter_set.h"

namespace torchtally::dispatch {
namespace {

using attribution::ModuleId;

// "__torch__.torchvision.models.resnet.ResNet" -> "ResNet"
std::string type_name(const torch::jit::Module& module) {
  const auto name = module.type()->name();
  return name.has_value() ? name->name() : std::string();
}

ParameterCount count_parameters(const torch::jit::Module& module) {
  ParameterSet parameters;
  for (const at::Tensor& parameter : module.parameters(/*recurse=*/true)) parameters.insert(parameter);
  return parameters.count();
}

void list_children(const torch::jit::Module& module, ModuleId id, Context& context) {
  for (const at::Tensor& parameter : module.parameters(/*recurse=*/false)) context.owners().add(id, parameter);
  for (const at::Tensor& buffer : module.buffers(/*recurse=*/false)) context.owners().add(id, buffer);
  for (const auto& child : module.named_children()) {
    const auto [child_id, is_new] = context.modules().register_module(id, child.name, child.value._ivalue().get(),
                                                                      type_name(child.value), count_parameters(child.value));
    if (is_new) list_children(child.value, child_id, context);
  }
}

}  // namespace

void list_modules(const torch::jit::Module& model, Context& context) {
  context.modules().describe_root(model._ivalue().get(), type_name(model), count_parameters(model));
  list_children(model, attribution::kRoot, context);
  context.interpreter().learn(model);
}

}  // namespace torchtally::dispatch
