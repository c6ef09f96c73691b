// The parts that the extension module is made of.
#ifndef TORCHTALLY_PYTHON_BINDINGS_H_
#define TORCHTALLY_PYTHON_BINDINGS_H_

#include <pybind11/pybind11.h>

namespace torchtally::python {

void bind_tally(pybind11::module_& m);       // Cost, Tally, and the reports
void bind_formulas(pybind11::module_& m);    // FormulaSet, and the operator calls that formulas see
void bind_guards(pybind11::module_& m);      // CountingGuard, PauseCounting, ModuleScope, and the frames that hooks open
void bind_step_meter(pybind11::module_& m);  // StepMeter and its records

}  // namespace torchtally::python

#endif  // TORCHTALLY_PYTHON_BINDINGS_H_
