#include "torchtally/step_meter.h"

#include <ATen/core/Tensor.h>
#include <pybind11/stl.h>
#include <torch/csrc/autograd/python_variable.h>
#include <torch/csrc/jit/api/module.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "frames.h"
#include "listed.h"
#include "torchtally/counting_guard.h"

namespace py = pybind11;

namespace torchtally::python {
namespace {

// A step's end may complain, so it is deleted by hand: a smart pointer would end the program then.
class HeldStep {
 public:
  HeldStep(StepMeter& meter, const std::vector<at::Tensor>& inputs)
      : frames_around_(open_frames()), step_(new StepMeter::Step(meter.step(inputs))) {}
  HeldStep(const HeldStep&) = delete;
  HeldStep& operator=(const HeldStep&) = delete;
  ~HeldStep() {
    if (step_ != nullptr) step_->set_failed();
    try {
      close();
    } catch (const std::exception&) {
      // Nobody to tell: it died unclosed.
    }
  }
  void close() {
    if (step_ != nullptr) close_frames(frames_around_);
    delete std::exchange(step_, nullptr);
  }
  void set_failed() { step_->set_failed(); }
  bool is_counted() const { return step_ != nullptr && step_->is_counted(); }

 private:
  std::size_t frames_around_;
  StepMeter::Step* step_;
};

// `model`: None, a script module, or a list.
std::unique_ptr<StepMeter> make_meter(const py::object& model, double peak_flops, int every, double smoothing,
                                      const FormulaSet& formulas) {
  StepMeter::Options options;
  options.peak_flops = peak_flops;
  options.every = every;
  options.smoothing = smoothing;
  options.formulas = formulas;
  if (model.is_none()) return std::make_unique<StepMeter>(std::move(options));
  if (py::isinstance<torch::jit::Module>(model)) {
    return std::make_unique<StepMeter>(model.cast<const torch::jit::Module&>(), std::move(options));
  }
  return std::make_unique<StepMeter>(list_from(model.cast<Described>()), std::move(options));
}

std::unique_ptr<HeldStep> open_step(StepMeter& meter, const py::list& inputs) {
  std::vector<at::Tensor> tensors;
  for (const py::handle input : inputs) {
    if (!THPVariable_Check(input.ptr())) throw py::type_error("the inputs of a step are tensors");
    tensors.push_back(THPVariable_Unpack(input.ptr()));
  }
  return std::make_unique<HeldStep>(meter, tensors);
}

py::dict by_phase(const StepRecord& record) {
  py::dict costs;
  for (const Phase phase : kPhases) costs[py::str(std::string(phase_name(phase)))] = record.in(phase);
  return costs;
}

DType dtype_named(const std::string& name) {
  const std::optional<DType> dtype = dtype_from_name(name);
  if (!dtype) throw py::value_error("torchtally: there is no dtype " + name);
  return *dtype;
}

}  // namespace

void bind_step_meter(py::module_& m) {
  py::class_<StepRecord>(m, "StepRecord", "What one training step computed, and how fast.")
      .def_readonly("step", &StepRecord::step, "Its number, from 1.")
      .def_readonly("seconds", &StepRecord::seconds, "How long it took.")
      .def_readonly("average_seconds", &StepRecord::average_seconds, "Moving average of seconds.")
      .def_readonly("average_model_flops", &StepRecord::average_model_flops, "Moving average of model_flops, a second.")
      .def_readonly("peak_flops", &StepRecord::peak_flops, "The peak, FLOPs a second; 0 if it is not known.")
      .def_readonly("reused", &StepRecord::reused,
                    "Not counted: it has the counts of an earlier step with inputs of the same sizes.")
      .def_readonly("differs", &StepRecord::differs, "Counted, and not what had been counted for inputs of these sizes before.")
      .def_property_readonly("by_phase", &by_phase, "The Cost by phase: forward, backward, recompute, optimizer, other.")
      .def_property_readonly("total", &StepRecord::total, "The Cost of all phases.")
      .def_property_readonly(
          "model_flops", [](const StepRecord& record) { return std::int64_t{record.model_flops()}; },
          "Of products and convolutions that the step has to compute: without recomputation and what masks leave out.")
      .def_property_readonly(
          "hardware_flops", [](const StepRecord& record) { return std::int64_t{record.hardware_flops()}; },
          "Of all products and convolutions that ran.")
      .def_property_readonly("flops_per_second", &StepRecord::flops_per_second, "All arithmetic by seconds.")
      .def_property_readonly("mfu", &StepRecord::mfu, "Model FLOPs by seconds and peak, 0 to 1; 0 if the peak is not known.")
      .def_property_readonly("hfu", &StepRecord::hfu, "Hardware FLOPs by seconds and peak, 0 to 1; 0 if the peak is not known.")
      .def(
          "to_json_line", [](const StepRecord& record) { return to_json_line(record); }, "One line of JSON: docs/json.md.")
      .def("__str__", [](const StepRecord& record) { return to_progress(record); });

  py::class_<HeldStep>(m, "Step")
      .def_property_readonly("is_counted", &HeldStep::is_counted)
      .def("set_failed", &HeldStep::set_failed)
      .def("close", &HeldStep::close);
  py::class_<StepMeter>(m, "StepMeter")
      .def(py::init(&make_meter), py::arg("model"), py::arg("peak_flops"), py::arg("every"), py::arg("smoothing"),
           py::arg("formulas"))
      .def("step", &open_step, py::arg("inputs"), py::keep_alive<0, 1>())
      .def(
          "forget", [](StepMeter& meter, std::uintptr_t module) { meter.forget(reinterpret_cast<const void*>(module)); },
          py::arg("module"))
      .def("last", [](const StepMeter& meter) { return StepRecord(meter.last()); })
      .def("tally", &StepMeter::tally)
      .def("differing_steps", &StepMeter::differing_steps);
  m.def(
      "measure_peak",
      [](double seconds, const std::string& dtype, const std::string& device, std::int64_t size) {
        return measure_peak(dtype_named(dtype), seconds, size, device);
      },
      py::arg("seconds"), py::arg("dtype"), py::arg("device"), py::arg("size"));
  m.def(
      "known_peak", [](const std::string& device, const std::string& dtype) { return known_peak(device, dtype_named(dtype)); },
      py::arg("device"), py::arg("dtype"));
}

}  // namespace torchtally::python
