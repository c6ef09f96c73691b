// Sizes of the tensors that a module's forward() takes and returns.
#ifndef TORCHTALLY_PYTHON_TENSOR_SIZES_H_
#define TORCHTALLY_PYTHON_TENSOR_SIZES_H_

#include <pybind11/pybind11.h>

#include "torchtally/module_formula.h"

namespace torchtally::python {

// Adds those of a tensor, or of all in a tuple, list or dictionary (a model's output is often one), eight levels deep. Of nothing
// else, and not of tensors that have no plain sizes: nested ones, and those with symbols for sizes.
void add_sizes(PyObject* value, TensorSizes& sizes);

}  // namespace torchtally::python

#endif  // TORCHTALLY_PYTHON_TENSOR_SIZES_H_
