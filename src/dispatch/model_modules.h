// Lists a model's modules, parameters and buffers in a context. A file for each kind of model, because each includes much of
// LibTorch.
#ifndef TORCHTALLY_SRC_DISPATCH_MODEL_MODULES_H_
#define TORCHTALLY_SRC_DISPATCH_MODEL_MODULES_H_

#include "dispatch/context.h"

namespace torch {
namespace nn {
class Module;
}
namespace jit {
struct Module;
}
}  // namespace torch

namespace torchtally::dispatch {

void list_modules(const torch::nn::Module& model, Context& context);
void list_modules(const torch::jit::Module& model, Context& context);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_MODEL_MODULES_H_
