#include "tensor_sizes.h"

#include <torch/csrc/autograd/python_variable.h>

#include <exception>

#include "torchtally/counting_guard.h"

namespace torchtally::python {
namespace {

constexpr int kLevels = 8;  // a list may hold itself

void add_tensor(const at::Tensor& tensor, TensorSizes& sizes) {
  if (!tensor.defined()) return;
  const c10::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  if (impl.has_symbolic_sizes_strides() || impl.key_set().has(c10::DispatchKey::NestedTensor)) return;
  if (!impl.key_set().has(c10::DispatchKey::Python)) return sizes.push_back(impl.sizes().vec());
  // A subclass may have a method of its own to tell its sizes, which may call operators, or fail.
  const PauseCounting pause;
  try {
    sizes.push_back(impl.sizes().vec());
  } catch (const std::exception&) {
    PyErr_Clear();
  }
}

void add(PyObject* value, TensorSizes& sizes, int levels) {
  if (value == nullptr) return;
  if (THPVariable_Check(value)) return add_tensor(THPVariable_Unpack(value), sizes);
  if (levels == 0) return;
  if (PyTuple_Check(value) || PyList_Check(value)) {
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(value);
    for (Py_ssize_t i = 0; i < count; ++i) add(PySequence_Fast_GET_ITEM(value, i), sizes, levels - 1);
  } else if (PyDict_Check(value)) {
    Py_ssize_t at = 0;
    PyObject* item = nullptr;
    while (PyDict_Next(value, &at, nullptr, &item) != 0) add(item, sizes, levels - 1);
  }
}

}  // namespace

void add_sizes(PyObject* value, TensorSizes& sizes) { add(value, sizes, kLevels); }

}  // namespace torchtally::python
