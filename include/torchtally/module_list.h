// ModuleList: a model as a list of its modules, for models that LibTorch does not know as such: those of another language.
//
//   torchtally::ModuleList model(2);
//   model[0] = {&net, -1, "", "Net", {}};           // the root
//   model[1] = {&net.fc, 0, "fc", "Linear", {{&net.weight, 640, true, &net.weight}}};
//   torchtally::CountingGuard guard(model);
//   {
//     torchtally::ModuleScope scope(&net.fc, {});                           // "fc"
//   }
//
// Not for: torch::nn::Module and torch::jit::Module, which a guard takes as they are. Thread-safety: plain values.
#ifndef TORCHTALLY_MODULE_LIST_H_
#define TORCHTALLY_MODULE_LIST_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace at {
class Tensor;
}

namespace torchtally {

// A parameter, or a buffer: that one has 0 elements here.
struct ListedParameter {
  const void* identity = nullptr;  // the same for a parameter that several modules share
  std::int64_t elements = 0;
  bool trainable = false;
  // One that operators take: those that do belong to its module even if no scope says so. Null: not known. Needed while it is
  // listed.
  const at::Tensor* tensor = nullptr;
};

struct ListedModule {
  // What a ModuleScope names it by: its address, say. No other module may have it while the guard is alive.
  const void* identity = nullptr;
  int parent = -1;                          // index in the list, smaller than this one's; -1 for the first module only
  std::string name;                         // below its parent: "0"
  std::string type;                         // "Linear"
  std::vector<ListedParameter> parameters;  // its own, without those of the modules below it
  // What tells its type from others of that name, where there are such: FormulaSet::set_module() takes it as it takes a type.
  std::string type_key = {};
};

// Parents before children, the root first, in definition order. A module that is shared stands there once for each of its names,
// with the same identity; what is below it has to be listed the first time only.
using ModuleList = std::vector<ListedModule>;

// Lists a module and what is below it, on demand.
using ModuleLister = std::function<ModuleList()>;

}  // namespace torchtally

#endif  // TORCHTALLY_MODULE_LIST_H_
