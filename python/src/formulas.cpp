#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "torchtally/counting_guard.h"
#include "torchtally/formula.h"
#include "torchtally/formula_table.h"
#include "torchtally/op_call.h"

namespace py = pybind11;

namespace torchtally::python {
namespace {

// Copies: what a formula keeps must not point into a call that is over.
struct TensorShape {
  py::tuple sizes;
  py::object strides;  // None where the layout has none
  std::string dtype;
  std::string device;
  std::int64_t numel = 0;
  std::int64_t bytes = 0;
};

const char* device_name(DeviceType device) {
  switch (device) {
    case DeviceType::kCpu:
      return "cpu";
    case DeviceType::kCuda:
      return "cuda";
    case DeviceType::kMeta:
      return "meta";
    case DeviceType::kOther:
      break;
  }
  return "other";
}

template <typename List>
py::tuple tuple_of(const List& list) {
  py::tuple tuple(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) tuple[i] = py::cast(list[i]);
  return tuple;
}

py::object object_of(const TensorView& tensor) {
  if (!tensor.defined()) return py::none();
  TensorShape shape;
  shape.sizes = tuple_of(tensor.sizes());
  shape.strides = tensor.strides().size() == tensor.sizes().size() ? py::object(tuple_of(tensor.strides())) : py::none();
  shape.dtype = std::string(dtype_name(tensor.dtype()));
  shape.device = device_name(tensor.device());
  shape.numel = tensor.numel();
  shape.bytes = tensor.bytes();
  return py::cast(std::move(shape));
}

py::object object_of(const Argument& argument) {
  switch (argument.kind()) {
    case Argument::Kind::kTensor:
    case Argument::Kind::kPackedWeight:
      return object_of(argument.tensor());
    case Argument::Kind::kTensorList: {
      py::list list;
      for (const TensorView& tensor : argument.tensors()) list.append(object_of(tensor));
      return list;
    }
    case Argument::Kind::kInt:
      return py::int_(argument.to_int());
    case Argument::Kind::kFloat:
      return py::float_(argument.to_float());
    case Argument::Kind::kBool:
      return py::bool_(argument.to_bool());
    case Argument::Kind::kIntList:
      return py::list(tuple_of(argument.ints()));
    case Argument::Kind::kFloatList:
      return py::list(tuple_of(argument.floats()));
    case Argument::Kind::kBoolList:
      return py::list(tuple_of(argument.bools()));
    case Argument::Kind::kString: {
      const std::string_view text = argument.string();
      return py::str(text.data(), text.size());
    }
    case Argument::Kind::kNone:
      return py::none();
    case Argument::Kind::kOther:
      break;
  }
  return py::ellipsis();
}

// One call, for as long as the formula runs.
struct CallObject {
  const OpCall* call = nullptr;

  const OpCall& get() const {
    if (call == nullptr) throw py::value_error("an OpCall is only there while the formula runs");
    return *call;
  }
};

py::object argument_at(const CallObject& object, const py::object& key) {
  const OpCall& call = object.get();
  if (py::isinstance<py::str>(key)) return object_of(call.argument(std::string_view(key.cast<std::string>())));
  return object_of(call.argument(key.cast<std::size_t>()));
}

template <typename List>
py::list list_of(const List& values) {
  py::list list;
  for (const Argument& value : values) list.append(object_of(value));
  return list;
}

// A Python function, called and let go with the interpreter's lock, on whatever thread.
class PythonFunction {
 public:
  explicit PythonFunction(py::function function)
      : function_(new py::function(std::move(function)), [](py::function* owned) {
          if (Py_IsInitialized() == 0) return;  // the interpreter has ended, and its objects with it
          const py::gil_scoped_acquire lock;
          delete owned;
        }) {}

  // With the lock: what the function makes of the cost of this call.
  Cost operator()(const py::object& call, const Cost& cost) const {
    const PauseCounting pause;  // it may call operators
    const py::object cost_object = py::cast(cost);
    (*function_)(call, cost_object);
    return cost_object.cast<Cost>();
  }

 private:
  std::shared_ptr<py::function> function_;
};

class PythonFormula {
 public:
  explicit PythonFormula(py::function function) : function_(std::move(function)) {}

  void operator()(const OpCall& call, Cost& cost) const {
    const py::gil_scoped_acquire lock;
    CallObject object{&call};
    const py::object handle = py::cast(&object, py::return_value_policy::copy);
    auto* const shown = handle.cast<CallObject*>();
    // What the function keeps of these must not dangle.
    struct Ending {
      CallObject* object;
      ~Ending() { object->call = nullptr; }
    } ending{shown};
    cost = function_(handle, cost);
  }

 private:
  PythonFunction function_;
};

// A call of a module, with copies of all that it says.
struct ModuleCallObject {
  std::string name;
  std::string type;
  TensorSizes input_sizes;
  TensorSizes output_sizes;
};

class PythonModuleFormula {
 public:
  explicit PythonModuleFormula(py::function function) : function_(std::move(function)) {}

  void operator()(const ModuleCall& call, Cost& cost) const {
    const py::gil_scoped_acquire lock;
    cost = function_(
        py::cast(ModuleCallObject{std::string(call.name), std::string(call.type), call.input_sizes, call.output_sizes}), cost);
  }

 private:
  PythonFunction function_;
};

}  // namespace

void bind_formulas(py::module_& m) {
  py::class_<TensorShape>(m, "TensorView", "The shape of a tensor of an operator call.")
      .def_readonly("shape", &TensorShape::sizes, "Its sizes.")
      .def_readonly("strides", &TensorShape::strides, "In elements; None where the layout has none.")
      .def_readonly("dtype", &TensorShape::dtype, "\"float32\"")
      .def_readonly("device", &TensorShape::device, "\"cpu\", \"cuda\", \"meta\" or \"other\"")
      .def_readonly("bytes", &TensorShape::bytes, "Bytes of its elements.")
      .def(
          "numel", [](const TensorShape& shape) { return shape.numel; }, "Elements.")
      .def(
          "dim", [](const TensorShape& shape) { return shape.sizes.size(); }, "Dimensions.")
      .def(
          "size",
          [](const TensorShape& shape, std::int64_t d) {
            const auto dims = static_cast<std::int64_t>(shape.sizes.size());
            const std::int64_t index = d < 0 ? d + dims : d;
            return index < 0 || index >= dims ? std::int64_t{0}
                                              : shape.sizes[static_cast<std::size_t>(index)].cast<std::int64_t>();
          },
          py::arg("dim"), "The size of a dimension, from the last if negative; 0 where there is none.")
      .def("__repr__", [](const TensorShape& shape) {
        return "TensorView(" + py::repr(shape.sizes).cast<std::string>() + ", " + shape.dtype + ")";
      });

  py::class_<CallObject>(m, "OpCall", "One operator call, as a formula sees it.")
      .def_property_readonly(
          "name", [](const CallObject& call) { return std::string(call.get().name()); }, "\"aten::addmm\"")
      .def_property_readonly(
          "overload", [](const CallObject& call) { return std::string(call.get().overload()); }, "\"Tensor\"; may be empty.")
      .def_property_readonly(
          "arguments", [](const CallObject& call) { return list_of(call.get().arguments()); },
          "All arguments, in the order of the schema.")
      .def_property_readonly(
          "results", [](const CallObject& call) { return list_of(call.get().results()); }, "All results.")
      .def(
          "output", [](const CallObject& call, std::size_t index) { return object_of(call.get().output(index)); },
          py::arg("index") = 0, "One result.")
      .def("__getitem__", &argument_at, py::arg("key"));

  py::class_<ModuleCallObject>(m, "ModuleCall", "One call of a module, as its formula sees it.")
      .def_readonly("name", &ModuleCallObject::name)
      .def_readonly("type", &ModuleCallObject::type)
      .def_readonly("input_sizes", &ModuleCallObject::input_sizes)
      .def_readonly("output_sizes", &ModuleCallObject::output_sizes);

  py::class_<FormulaSet>(m, "FormulaSet", "Which operator costs what.")
      .def_static("builtin", &FormulaSet::builtin)
      .def_static("empty", &FormulaSet::empty)
      .def("copy", [](const FormulaSet& formulas) { return formulas; })
      .def(
          "set",
          [](FormulaSet& formulas, const std::string& op, py::function formula) {
            formulas.set(op, PythonFormula(std::move(formula)));
          },
          py::arg("op"), py::arg("formula"))
      .def(
          "set_all",
          [](FormulaSet& formulas, const std::vector<std::string>& ops, py::function formula) {
            const PythonFormula shared(std::move(formula));
            for (const std::string& op : ops) formulas.set(op, shared);
          },
          py::arg("ops"), py::arg("formula"))
      .def(
          "set_module",
          [](FormulaSet& formulas, const std::string& module, py::function formula, bool replaces) {
            formulas.set_module(module, PythonModuleFormula(std::move(formula)),
                                replaces ? ModuleCost::kReplace : ModuleCost::kAdd);
          },
          py::arg("module"), py::arg("formula"), py::arg("replaces"))
      .def(
          "ignore", [](FormulaSet& formulas, const std::string& op) { formulas.ignore(op); }, py::arg("op"))
      .def("overridden", &FormulaSet::overridden);

  m.def(
      "builtin_cost",
      [](const CallObject& call) {
        static const FormulaSet formulas = FormulaSet::builtin();
        return formulas.verdict(call.get().name(), call.get().overload()).cost_of(call.get());
      },
      py::arg("call"));
  m.def(
      "operator_base_name", [](const std::string& op) { return operator_base_name(op); }, py::arg("op"));
  m.def(
      "explain",
      [](const std::string& op) -> py::object {
        const auto row = find_builtin_formula(op);
        if (!row.has_value()) return py::none();
        py::dict dict;
        dict["name"] = row->name;
        dict["verdict"] = verdict_text(row->kind, row->reason);
        dict["mathematics"] = row->mathematics;
        dict["arithmetic"] = row->arithmetic;
        dict["source"] = row->source;
        return dict;
      },
      py::arg("op"));
}

}  // namespace torchtally::python
