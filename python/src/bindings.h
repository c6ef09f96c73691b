// The parts that the extension module is made of.
#ifndef TORCHTALLY_PYTHON_BINDINGS_H_
#define TORCHTALLY_PYTHON_BINDINGS_H_

#include <pybind11/pybind11.h>

namespace torchtally {
class Tally;
}

namespace torchtally::python {

void bind_tally(pybind11::module_& m);            // Cost, Tally, and bind_reports()
void bind_external_call(pybind11::module_& m);    // calls that the dispatcher does not see
void bind_formulas(pybind11::module_& m);         // FormulaSet, and the operator calls that formulas see
void bind_guards(pybind11::module_& m);           // CountingGuard, PauseCounting, ModuleScope, and the frames that hooks open
void bind_look_inside(pybind11::module_& m);      // local operators of DTensors
void bind_optimizer_steps(pybind11::module_& m);  // the optimizer's phase, which hooks begin and end
void bind_step_meter(pybind11::module_& m);       // StepMeter and its records

// What a Tally is shown as, what changed between two, and what watches a run.
void bind_reports(pybind11::module_& m, pybind11::class_<Tally>& tally);

}  // namespace torchtally::python

#endif  // TORCHTALLY_PYTHON_BINDINGS_H_
