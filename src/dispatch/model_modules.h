// Lists a model's modules and parameters in a ModuleTree. A file for each kind of model, because each includes much of LibTorch.
#ifndef TORCHTALLY_SRC_DISPATCH_MODEL_MODULES_H_
#define TORCHTALLY_SRC_DISPATCH_MODEL_MODULES_H_

#include "attribution/module_tree.h"

namespace torch {
namespace nn {
class Module;
}
namespace jit {
struct Module;
}
}  // namespace torch

namespace torchtally::dispatch {

void list_modules(const torch::nn::Module& model, attribution::ModuleTree& tree);
void list_modules(const torch::jit::Module& model, attribution::ModuleTree& tree);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_MODEL_MODULES_H_
