#include <pybind11/stl.h>
#include <torch/csrc/jit/api/module.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "frames.h"
#include "held.h"
#include "listed.h"
#include "optimizer_steps.h"
#include "tensor_sizes.h"
#include "torchtally/call_observer.h"
#include "torchtally/counting_guard.h"
#include "torchtally/module_list.h"
#include "torchtally/module_scope.h"
#include "torchtally/phase_scope.h"
#include "torchtally/thread_context.h"

namespace py = pybind11;

namespace torchtally::python {
namespace {

// Note [Frames of hooks]
// The hooks that are called before and after every forward() open and close frames of this stack, which is the thread's own. An
// exception that is no Exception (KeyboardInterrupt) passes by the second hook: so closing a module's frame closes what
// was left open above it, a guard that ends closes what was left open since it began, and a module without a frame (the
// guard began while it was running) closes nothing.
struct Frame {
  Frame(const void* of, const ModuleLister& list) : module(of), scope(std::in_place, of, list) {}
  Frame(const void* of, const ModuleLister& list, const ThreadContext& context)
      : module(of), adopted(std::make_unique<Held<AdoptContext>>(std::in_place, context)), scope(std::in_place, of, list) {}

  const void* module;
  std::unique_ptr<Held<AdoptContext>>
      adopted;  // where the frame is the first on a thread that no guard knew; ends after the scope
  Held<ModuleScope> scope;
};
thread_local std::deque<Frame> frames;

}  // namespace

std::size_t open_frames() { return frames.size(); }

void close_frames(std::size_t above) {
  while (frames.size() > above) {
    frames.back().scope.get()->set_failed();
    frames.pop_back();
  }
}

namespace {

// A user's formula may throw.
void close_innermost_frame() {
  try {
    frames.back().scope.close();
  } catch (const GuardMisuse&) {
    // As in ~Held().
  } catch (...) {
    frames.pop_back();
    throw;
  }
  frames.pop_back();
}

// What lists a module that a guard does not know: a function of Python's, set once, when the package is imported.
PyObject* describe = nullptr;

// What gives a thread that no guard knows the context of the guard that a module belongs to, or None. Likewise.
PyObject* context_for = nullptr;

// Of a thread that no guard knows: opens the frame again in the context that context_for(module) gives, if it gives one.
void adopt(PyObject* module, const ModuleLister& list) {
  if (context_for == nullptr) return;
  const py::object context = py::reinterpret_borrow<py::object>(context_for)(py::handle(module));
  if (context.is_none()) return;
  frames.pop_back();
  frames.emplace_back(module, list, context.cast<const ThreadContext&>());
}

// What Python calls without pybind11 between: None, or the exception that `work` throws as one of Python's.
template <typename Work>
PyObject* none_after(const Work& work) {
  try {
    work();
  } catch (py::error_already_set& error) {
    error.restore();
    return nullptr;
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
  Py_RETURN_NONE;
}

// Both are hooks of torch.nn.Module as they are, without a function of Python's around them: enter_module(module, args) and
// leave_module(module, args, kwargs, result). The module alone is enough for a scope of one's own. Where forward() has raised the
// second hook gets no kwargs, and None for a result; before PyTorch's hooks got kwargs it never does.
PyObject* enter_module(PyObject* /*self*/, PyObject* const* args, Py_ssize_t count) {
  if (count < 1 || describe == nullptr) {
    PyErr_SetString(PyExc_TypeError, "enter_module(module), after set_describe(function)");
    return nullptr;
  }
  return none_after([module = args[0]] {
    close_failed_steps();
    const ModuleLister list = [module] {
      return list_from(py::reinterpret_borrow<py::object>(describe)(py::handle(module)).cast<Described>());
    };
    frames.emplace_back(module, list);
    if (!frames.back().scope.get()->is_counting() && !ThreadContext::is_known()) adopt(module, list);
  });
}

// `named_arguments` may be null.
void set_sizes(ModuleScope& scope, PyObject* arguments, PyObject* named_arguments, PyObject* result) {
  TensorSizes inputs;
  add_sizes(arguments, inputs);
  add_sizes(named_arguments, inputs);
  scope.set_input_sizes(std::move(inputs));
  TensorSizes outputs;
  add_sizes(result, outputs);
  scope.set_output_sizes(std::move(outputs));
}

PyObject* leave_module(PyObject* /*self*/, PyObject* const* args, Py_ssize_t count) {
  constexpr Py_ssize_t kWithoutKwargs = 3;
  constexpr Py_ssize_t kWithKwargs = 4;
  if (count < 1) {
    PyErr_SetString(PyExc_TypeError, "leave_module(module)");
    return nullptr;
  }
  return none_after([args, count] {
    std::size_t above = frames.size();
    while (above > 0 && frames[above - 1].module != args[0]) --above;
    if (above == 0) return;
    close_frames(above);
    ModuleScope& scope = *frames.back().scope.get();
    if (count == kWithoutKwargs && args[2] == Py_None) scope.set_failed();
    if (count == kWithoutKwargs && scope.is_counting()) set_sizes(scope, args[1], nullptr, args[2]);
    if (count == kWithKwargs && scope.is_counting()) set_sizes(scope, args[1], args[2], args[3]);
    close_innermost_frame();
  });
}

using FastFunction = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);

PyMethodDef define(const char* name, FastFunction function) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)), METH_FASTCALL, nullptr};
}

PyMethodDef enter_module_def = define("enter_module", &enter_module);
PyMethodDef leave_module_def = define("leave_module", &leave_module);

class Guard {
 public:
  template <typename... Args>
  explicit Guard(std::in_place_t tag, Args&&... args) : frames_around_(frames.size()), guard_(tag, std::forward<Args>(args)...) {}

  Tally tally() const {
    if (guard_.get() == nullptr) throw py::value_error("this guard has ended");
    return guard_.get()->tally();
  }
  void close() {
    close_frames(frames_around_);
    guard_.close();
  }

 private:
  std::size_t frames_around_;
  Held<CountingGuard> guard_;
};

// Not an argument's type: pybind11 would try the overloads after it before it takes None for a pointer.
CallObserver* observer_of(const py::object& observer) { return observer.is_none() ? nullptr : observer.cast<CallObserver*>(); }

template <typename Scope>
void bind_scope(py::class_<Held<Scope>>& scope) {
  scope.def("close", &Held<Scope>::close);
}

}  // namespace

void bind_guards(py::module_& m) {
  py::register_exception<GuardMisuse>(m, "GuardMisuse", PyExc_RuntimeError);

  py::class_<Guard>(m, "Guard")
      .def(py::init([](const FormulaSet& formulas, const py::object& observer) {
             return std::make_unique<Guard>(std::in_place, formulas, observer_of(observer));
           }),
           py::arg("formulas"), py::arg("observer") = py::none(), py::keep_alive<1, 3>())
      // Before the next: a script module has items, as a list does.
      .def(py::init([](const torch::jit::Module& model, const FormulaSet& formulas, const py::object& observer) {
             return std::make_unique<Guard>(std::in_place, model, formulas, observer_of(observer));
           }),
           py::arg("model"), py::arg("formulas"), py::arg("observer") = py::none(), py::keep_alive<1, 4>())
      .def(py::init([](const Described& model, const FormulaSet& formulas, const py::object& observer) {
             return std::make_unique<Guard>(std::in_place, list_from(model), formulas, observer_of(observer));
           }),
           py::arg("model"), py::arg("formulas"), py::arg("observer") = py::none(), py::keep_alive<1, 4>())
      .def("tally", &Guard::tally)
      .def("close", &Guard::close);

  py::class_<Held<PauseCounting>> pause(m, "Pause");
  pause.def(py::init([](bool keep_keys) {
              return std::make_unique<Held<PauseCounting>>(
                  std::in_place, keep_keys ? PauseCounting::Keys::kKeep : PauseCounting::Keys::kExclude);
            }),
            py::arg("keep_keys") = false);
  bind_scope(pause);

  py::class_<Held<ModuleScope>> scope(m, "Scope");
  scope
      .def(py::init([](const std::string& name) { return std::make_unique<Held<ModuleScope>>(std::in_place, name); }),
           py::arg("name"))
      .def(py::init([](const std::string& name, const Cost& cost, bool replaces) {
             const ModuleCost how = replaces ? ModuleCost::kReplace : ModuleCost::kAdd;
             return std::make_unique<Held<ModuleScope>>(std::in_place, name, cost, how);
           }),
           py::arg("name"), py::arg("cost"), py::arg("replaces"))
      .def("set_failed", [](const Held<ModuleScope>& held) { held.get()->set_failed(); });
  bind_scope(scope);

  py::class_<Held<PhaseScope>> phase(m, "PhaseScope");
  phase.def(py::init([](const std::string& name) {
              for (const Phase known : kPhases) {
                if (name == phase_name(known)) return std::make_unique<Held<PhaseScope>>(std::in_place, known);
              }
              throw py::value_error("no phase '" + name + "': forward, backward, recompute, optimizer or other");
            }),
            py::arg("name"));
  bind_scope(phase);

  py::class_<ThreadContext>(m, "ThreadContext").def_static("current", &ThreadContext::current);
  py::class_<Held<AdoptContext>> adopt(m, "Adopt");
  adopt.def(py::init([](const ThreadContext& context) { return std::make_unique<Held<AdoptContext>>(std::in_place, context); }),
            py::arg("context"));
  bind_scope(adopt);

  m.def("set_describe", [](const py::object& function) { describe = py::object(function).release().ptr(); });
  m.def("set_context_for", [](const py::object& function) { context_for = py::object(function).release().ptr(); });
  m.attr("enter_module") = py::reinterpret_steal<py::object>(PyCFunction_New(&enter_module_def, nullptr));
  m.attr("leave_module") = py::reinterpret_steal<py::object>(PyCFunction_New(&leave_module_def, nullptr));
}

}  // namespace torchtally::python
