// torchtally._core: the C++ library for Python. What people call lies in the package around it, written in Python.
#include <pybind11/pybind11.h>
#include <torch/version.h>

#include "bindings.h"

PYBIND11_MODULE(_core, m) {
  m.doc() = "The C++ core of torchtally.";
  m.attr("torch_version") = TORCH_VERSION;
  torchtally::python::bind_tally(m);
  torchtally::python::bind_formulas(m);
  torchtally::python::bind_guards(m);
  torchtally::python::bind_external_call(m);
  torchtally::python::bind_look_inside(m);
  torchtally::python::bind_optimizer_steps(m);
  torchtally::python::bind_step_meter(m);
}
