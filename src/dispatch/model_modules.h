// Lists a model's modules, parameters and buffers in a context. A file for each kind of model, because each includes much of
// LibTorch.
#ifndef TORCHTALLY_SRC_DISPATCH_MODEL_MODULES_H_
#define TORCHTALLY_SRC_DISPATCH_MODEL_MODULES_H_

#include "dispatch/context.h"
#include "torchtally/module_list.h"
#include "torchtally/torch_forward.h"

namespace torchtally::dispatch {

void list_modules(const torch::nn::Module& model, Context& context);
void list_modules(const torch::jit::Module& model, Context& context);
void list_modules(const ModuleList& model, Context& context);

// Adds a module that no one had listed, and what is below it, where it is called: below `around`. From now on `identity` is that
// module too; without a list, it is what is around.
attribution::ModuleId add_called_module(const void* identity, const ModuleList& module, attribution::ModuleId around,
                                        attribution::ModuleTree& tree);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_MODEL_MODULES_H_
