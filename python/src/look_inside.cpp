// The operators inside of DTensors and jagged nested tensors: see Note [Looking inside].
#include "dispatch/look_inside.h"

#include <c10/core/impl/TorchDispatchModeTLS.h>
#include <pybind11/pybind11.h>
#include <torch/csrc/PyInterpreter.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings.h"

namespace py = pybind11;

namespace torchtally::python {
namespace {

using c10::impl::PyObject_TorchDispatchMode;
using c10::impl::TorchDispatchModeTLS;

// Of one of the classes or one derived from them. By name: a class is imported after this, or never. No lock is needed: a type
// lives as long as its objects, and its bases never change.
bool is_looked_into(const PyTypeObject* type) {
  for (; type != nullptr; type = type->tp_base) {
    const std::string_view name = type->tp_name;
    if (name == "DTensor" || name == "NestedTensor") return true;
  }
  return false;
}

// Pushes a TorchDispatchMode, which lets the key in again for whatever PyTorch calls with other tensors than those. At the
// bottom: modes of the user's own see what they always see.
class LookInsideSubclass final : public dispatch::LookInside {
 public:
  explicit LookInsideSubclass(const py::object& mode)
      : mode_(std::make_shared<PyObject_TorchDispatchMode>(mode.inc_ref().ptr(), getPyInterpreter())) {}

  bool wants(const c10::TensorImpl& tensor) const override {
    const PyObject* object = tensor.pyobj_slot()->load_pyobj();
    return object != nullptr && is_looked_into(Py_TYPE(object));
  }

  void enter() const override {
    std::vector<Mode> above = take_away();
    TorchDispatchModeTLS::push_non_infra_mode_onto_stack(mode_);
    put_back(std::move(above));
  }

  void leave() const noexcept override {
    std::vector<Mode> above = take_away();
    // The bottom one is ours: whatever was pushed meanwhile has been popped.
    if (!above.empty()) above.pop_back();
    put_back(std::move(above));
  }

 private:
  using Mode = std::shared_ptr<PyObject_TorchDispatchMode>;

  static std::vector<Mode> take_away() {
    std::vector<Mode> modes;
    while (TorchDispatchModeTLS::any_modes_set(/*skip_infra_modes=*/true)) modes.push_back(TorchDispatchModeTLS::pop_stack());
    return modes;
  }
  static void put_back(std::vector<Mode> modes) {
    while (!modes.empty()) {
      TorchDispatchModeTLS::push_non_infra_mode_onto_stack(std::move(modes.back()));
      modes.pop_back();
    }
  }

  Mode mode_;
};

}  // namespace

void bind_look_inside(py::module_& m) {
  m.def(
      "look_inside_subclasses",
      [](const py::object& mode) {
        // For good: an operator may be running in it on another thread.
        static const auto* const look = new LookInsideSubclass(mode);
        dispatch::set_look_inside(look);
      },
      py::arg("mode"));
}

}  // namespace torchtally::python
