#include "listed.h"

#include <pybind11/pybind11.h>
#include <torch/csrc/autograd/python_variable.h>

namespace torchtally::python {

ModuleList list_from(const Described& described) {
  ModuleList list;
  list.reserve(described.size());
  for (const auto& [identity, parent, name, type, type_key, parameters] : described) {
    ListedModule& module = list.emplace_back();
    module.identity = reinterpret_cast<const void*>(identity);
    module.parent = parent;
    module.name = name;
    module.type = type;
    module.type_key = type_key;
    for (const auto& [parameter, elements, trainable] : parameters) {
      auto* const object = reinterpret_cast<PyObject*>(parameter);
      module.parameters.push_back({object, elements, trainable, &THPVariable_Unpack(object)});
    }
  }
  return list;
}

}  // namespace torchtally::python
