#include "torchtally/external_call.h"

#include <pybind11/stl.h>
#include <torch/csrc/autograd/python_variable.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bindings.h"

namespace py = pybind11;

namespace torchtally::python {
namespace {

// Arguments from Python's values, and what they point to.
class Values {
 public:
  Argument argument(const py::handle& value) {
    if (value.is_none()) return Argument();
    if (THPVariable_Check(value.ptr())) return Argument(view(value));
    if (PyBool_Check(value.ptr())) return Argument(value.ptr() == Py_True);
    if (PyLong_Check(value.ptr())) return integer(value);
    if (PyFloat_Check(value.ptr())) return Argument(PyFloat_AS_DOUBLE(value.ptr()));
    if (PyUnicode_Check(value.ptr())) return Argument(std::string_view(texts_.emplace_back(value.cast<std::string>())));
    if (PyList_Check(value.ptr()) || PyTuple_Check(value.ptr())) return list(py::reinterpret_borrow<py::sequence>(value));
    return Argument::other();
  }

 private:
  static Argument integer(const py::handle& value) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    return overflow == 0 ? Argument(std::int64_t{number}) : Argument::other();
  }

  // Of any layout by its sizes alone. A tensor without any (a nested one, one of symbols) is as good as none.
  TensorView view(const py::handle& value) {
    const at::Tensor& tensor = THPVariable_Unpack(value.ptr());
    if (!tensor.defined()) return {};
    try {
      std::vector<std::int64_t>& sizes = numbers_.emplace_back(tensor.sizes().vec());
      const bool is_strided = tensor.layout() == at::kStrided;
      std::vector<std::int64_t>& strides =
          numbers_.emplace_back(is_strided ? tensor.strides().vec() : std::vector<std::int64_t>());
      const DeviceType device = tensor.is_cpu()    ? DeviceType::kCpu
                                : tensor.is_cuda() ? DeviceType::kCuda
                                : tensor.is_meta() ? DeviceType::kMeta
                                                   : DeviceType::kOther;
      return {sizes.data(), is_strided ? strides.data() : nullptr, sizes.size(), static_cast<DType>(tensor.scalar_type()),
              device};
    } catch (const c10::Error&) {
      return {};
    }
  }

  Argument list(const py::sequence& values) {
    bool has_tensors = false;
    bool has_only_integers = true;
    for (const py::handle value : values) {
      has_tensors |= THPVariable_Check(value.ptr());
      has_only_integers &= PyLong_Check(value.ptr()) && !PyBool_Check(value.ptr());
    }
    if (has_tensors) {
      std::vector<TensorView>& tensors = tensors_.emplace_back();
      for (const py::handle value : values) {
        tensors.push_back(THPVariable_Check(value.ptr()) ? view(value) : TensorView());
      }
      return Argument(absl::Span<const TensorView>(tensors));
    }
    if (!has_only_integers) return Argument::other();
    std::vector<std::int64_t>& numbers = numbers_.emplace_back();
    for (const py::handle value : values) numbers.push_back(integer(value).to_int());
    return Argument(absl::Span<const std::int64_t>(numbers));
  }

  std::deque<std::vector<std::int64_t>> numbers_;
  std::deque<std::vector<TensorView>> tensors_;
  std::deque<std::string> texts_;
};

void count(const std::string& name, const std::vector<std::pair<std::string, py::object>>& arguments,
           const std::vector<py::object>& results) {
  Values values;
  std::vector<OpSchema::Parameter> parameters;
  std::vector<Argument> given;
  for (const auto& [parameter, value] : arguments) {
    parameters.push_back({parameter});
    given.push_back(values.argument(value));
  }
  std::vector<Argument> made;
  for (const py::object& result : results) made.push_back(values.argument(result));
  const OpSchema schema = {name, "", parameters};
  count_call(OpCall(schema, given, made));
}

}  // namespace

void bind_external_call(py::module_& m) {
  m.def("count_call", &count, py::arg("name"), py::arg("arguments"), py::arg("results"));
  m.def("is_counting", &is_counting);
  m.def(
      "knows_call", [](const std::string& name) { return knows_call(name); }, py::arg("name"));
}

}  // namespace torchtally::python
