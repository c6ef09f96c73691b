// ModuleScope: a frame of the module stack. What runs while it is alive belongs to its module.
//
//   torch::Tensor forward(torch::Tensor x) {
//     torchtally::ModuleScope scope(*this);        // named as registered in the guard's model: "layer1.0"
//     x = conv1->forward(x);
//     torchtally::ModuleScope head("head");        // a name of one's own: "layer1.0.head"
//     return torch::relu(x);
//   }
//
// A module that is registered in the guard's model belongs where the model has it, whoever calls it. Any other module, and any
// name, is a child of the scope that is open around it. Where no guard is alive a scope does nothing and costs a few nanoseconds.
//
// Errors: GuardMisuse from the destructor if a scope is destroyed out of order or on another thread.
// Thread-safety: belongs to the thread that made it; threads that its work reaches start in its module.
#ifndef TORCHTALLY_MODULE_SCOPE_H_
#define TORCHTALLY_MODULE_SCOPE_H_

#include <memory>
#include <string_view>

#include "torchtally/export.h"

namespace torch {
namespace nn {
class Module;
}
}  // namespace torch

namespace torchtally {

class [[nodiscard]] TORCHTALLY_API ModuleScope {
 public:
  [[nodiscard]] explicit ModuleScope(std::string_view name);
  [[nodiscard]] explicit ModuleScope(const torch::nn::Module& module);
  ~ModuleScope() noexcept(false);

  ModuleScope(const ModuleScope&) = delete;
  ModuleScope& operator=(const ModuleScope&) = delete;
  ModuleScope(ModuleScope&&) = delete;
  ModuleScope& operator=(ModuleScope&&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;  // null where no guard is alive
};

}  // namespace torchtally

#endif  // TORCHTALLY_MODULE_SCOPE_H_
