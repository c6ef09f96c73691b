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
// When is a scope needed? An operator that takes a parameter or buffer of a registered module (also a view or a cast of it)
// belongs to that module without any scope, as long as the module lies in the one whose scope is open (the root's, if none is). A
// scope is needed for what takes none: activations, pooling, attention's products. Without it they belong to the scope that is
// open around them, in the end to the root. call.h has a helper that opens scopes for Sequential and the like.
//
// Errors: GuardMisuse from the destructor if a scope is destroyed out of order or on another thread; what a ModuleFormula throws.
// Thread-safety: belongs to the thread that made it; threads that its work reaches start in its module.
#ifndef TORCHTALLY_MODULE_SCOPE_H_
#define TORCHTALLY_MODULE_SCOPE_H_

#include <memory>
#include <string_view>

#include "torchtally/export.h"
#include "torchtally/module_formula.h"
#include "torchtally/module_list.h"
#include "torchtally/torch_forward.h"

namespace torchtally {

class [[nodiscard]] TORCHTALLY_API ModuleScope {
 public:
  [[nodiscard]] explicit ModuleScope(std::string_view name);
  [[nodiscard]] explicit ModuleScope(const torch::nn::Module& module);
  // With a cost that is added to, or replaces, what is counted inside: as a ModuleFormula, for this call alone.
  ModuleScope(std::string_view name, const Cost& cost, ModuleCost how);
  ModuleScope(const torch::nn::Module& module, const Cost& cost, ModuleCost how);
  // A module of a ModuleList. Where a guard does not know it, `list` is asked for it, and it becomes a child of the scope
  // that is open around, with the name that the list gives its first module; modules of the same name there are taken for one.
  [[nodiscard]] ModuleScope(const void* identity, const ModuleLister& list);
  ~ModuleScope() noexcept(false);

  ModuleScope(const ModuleScope&) = delete;
  ModuleScope& operator=(const ModuleScope&) = delete;
  ModuleScope(ModuleScope&&) = delete;
  ModuleScope& operator=(ModuleScope&&) = delete;

  // False where no guard is alive: then there is no need to say what follows.
  bool is_counting() const { return state_ != nullptr; }
  // Sizes of the tensors that the module is called with, and that it returns: for ModuleInfo and ModuleFormula.
  void set_input_sizes(TensorSizes sizes);
  void set_output_sizes(TensorSizes sizes);
  // The call has failed, and no exception of C++'s is in flight that shows it: its cost as a whole is not added, nor its sizes
  // noted.
  void set_failed();

 private:
  class State;
  template <typename Find>
  void open(const Find& find, const Cost* cost, ModuleCost how);
  std::unique_ptr<State> state_;  // null where no guard is alive
};

}  // namespace torchtally

#endif  // TORCHTALLY_MODULE_SCOPE_H_
