#include "optimizer_steps.h"

#include <pybind11/pybind11.h>

#include <cstdint>
#include <deque>
#include <utility>

#include "bindings.h"
#include "held.h"
#include "torchtally/phase_scope.h"

namespace py = pybind11;

namespace torchtally::python {
namespace {

// Note [Optimizer steps that fail]
// PyTorch calls no hook after a step that has raised. But a step runs as long as the frame of Python's that has called the hook
// before it is on the thread's stack. Whoever comes next looks there: a module's forward(), another step, the end of a guard, and
// what was among the step's arguments, when it dies with them (_hooks.py). Only a frame's address is kept: the frame itself
// would keep alive whatever its callers have.
struct OpenStep {
  explicit OpenStep(std::uintptr_t of) : frame(of), phase(std::in_place, Phase::kOptimizer) {}
  std::uintptr_t frame;
  Held<PhaseScope> phase;
};
thread_local std::deque<OpenStep> steps;  // innermost last

bool is_on_stack(std::uintptr_t wanted) {
  PyFrameObject* frame = PyThreadState_GetFrame(PyThreadState_Get());
  while (frame != nullptr && reinterpret_cast<std::uintptr_t>(frame) != wanted) {
    PyFrameObject* const caller = PyFrame_GetBack(frame);
    Py_DECREF(frame);
    frame = caller;
  }
  Py_XDECREF(frame);
  return frame != nullptr;
}

void close_steps(std::size_t above) {
  while (steps.size() > above) steps.pop_back();
}

void end_step(std::uintptr_t frame) {
  std::size_t above = steps.size();
  while (above > 0 && steps[above - 1].frame != frame) --above;
  if (above > 0) close_steps(above - 1);
}

void begin_step(std::uintptr_t frame) {
  end_step(frame);  // one that failed in a frame that lay where this one is
  close_failed_steps();
  steps.emplace_back(frame);
}

}  // namespace

void close_failed_steps() {
  while (!steps.empty() && !is_on_stack(steps.back().frame)) steps.pop_back();
}

void bind_optimizer_steps(py::module_& m) {
  m.def("begin_step", &begin_step, py::arg("frame"));
  m.def("end_step", &end_step, py::arg("frame"));
  m.def("open_steps", [] { return steps.size(); });
  m.def("close_steps", &close_steps, py::arg("above"));
  m.def("close_failed_steps", &close_failed_steps);
}

}  // namespace torchtally::python
