#include <pybind11/operators.h>
#include <pybind11/stl.h>

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings.h"
#include "torchtally/cost_counter.h"
#include "torchtally/report.h"
#include "torchtally/tally.h"
#include "torchtally/tally_from_json.h"

namespace py = pybind11;

namespace torchtally::python {
namespace {

std::int64_t exact(Count count) { return count; }

const char* what_is(const CostCounter& counter) {
  const auto is = [&counter](Count Cost::*member) { return counter.member == member; };
  if (is(nullptr)) return "Of products and convolutions alone: 2 a multiply-accumulate.";
  if (is(&Cost::macs)) return "Multiply-accumulates of products and convolutions.";
  if (is(&Cost::flops)) return "Arithmetic operations, 2 a multiply-accumulate; without transcendentals.";
  if (is(&Cost::masked_macs)) return "Those of macs that a mask, a window or lengths make superfluous.";
  if (is(&Cost::transcendentals)) return "Elements of which exp, log, pow, sqrt, tanh, sin or their like is taken.";
  if (is(&Cost::bytes_read)) return "Bytes that kernels have to read at least.";
  if (is(&Cost::bytes_written)) return "Bytes that kernels have to write at least.";
  if (is(&Cost::bytes_communicated)) return "Bytes that this process puts into collectives.";
  if (is(&Cost::activations)) return "Elements of outputs; a view has none.";
  return "Operator calls.";
}

// The names that the reports have for them, in the reports' order.
py::dict as_dict(const Cost& cost) {
  py::dict dict;
  for (const CostCounter& counter : kCostCounters)
    dict[py::str(counter.name.data(), counter.name.size())] = exact(counter.of(cost));
  return dict;
}

std::string repr(const Cost& cost) {
  std::string text = "Cost(";
  for (const auto& [name, value] : as_dict(cost)) {
    if (value.cast<std::int64_t>() == 0) continue;
    text += (text.back() == '(' ? "" : ", ") + name.cast<std::string>() + "=" + py::str(value).cast<std::string>();
  }
  return text + ")";
}

using CostTuple = std::vector<std::int64_t>;

CostTuple pack(const Cost& cost) {
  CostTuple packed;
  Cost::for_each_counter([&](auto counter) { packed.push_back(cost.*counter); });
  return packed;
}

Cost unpack_cost(const CostTuple& packed) {
  Cost cost;
  if (packed.size() != Cost::kCounters) throw py::value_error("pickled by another version of torchtally");
  auto next = packed.begin();
  Cost::for_each_counter([&](auto counter) { cost.*counter = *next++; });
  return cost;
}

// Sums by name: a module by its path, an operator by its name and overload.
class Sum {
 public:
  void add(const Tally& tally) {
    std::vector<int> module_of;
    for (const ModuleInfo& module : tally.modules()) {
      const auto [entry, is_new] = modules_by_name_.try_emplace(module.name, static_cast<int>(modules_.size()));
      if (is_new) {
        modules_.push_back(module);
        if (module.parent >= 0) modules_.back().parent = module_of[module.parent];
      } else {
        ModuleInfo& known = modules_[entry->second];
        known.called |= module.called;
        known.calls += module.calls;
        known.registered |= module.registered;
        if (known.type.empty()) known.type = module.type;
        if (known.parameters.total < module.parameters.total) known.parameters = module.parameters;
      }
      module_of.push_back(entry->second);
    }
    std::vector<int> operator_of;
    for (const OperatorInfo& op : tally.operators()) {
      const auto [entry, is_new] = operators_by_name_.try_emplace({op.name, op.overload}, static_cast<int>(operators_.size()));
      if (is_new) operators_.push_back(op);
      operator_of.push_back(entry->second);
    }
    std::vector<int> frame_of;
    for (const FrameInfo& frame : tally.frames()) {
      const FrameInfo named = {module_of[frame.module], frame.caller < 0 ? -1 : frame_of[frame.caller]};
      const auto [entry, is_new] = frames_by_key_.try_emplace({named.module, named.caller}, static_cast<int>(frames_.size()));
      if (is_new) frames_.push_back(named);
      frame_of.push_back(entry->second);
    }
    for (Tally::Row row : tally.rows()) {
      row.module = module_of[row.module];
      row.frame = row.frame < 0 ? -1 : frame_of[row.frame];
      row.op = operator_of[row.op];
      const auto [entry, is_new] = rows_by_key_.try_emplace({row.module, row.op, row.dtype, row.phase, row.frame}, rows_.size());
      if (is_new) {
        rows_.push_back(row);
      } else {
        rows_[entry->second].cost += row.cost;
      }
    }
  }

  Tally tally() && {
    if (modules_.empty()) return {};
    return {std::move(modules_), std::move(operators_), std::move(rows_), std::move(frames_)};
  }

 private:
  std::vector<ModuleInfo> modules_;
  std::vector<OperatorInfo> operators_;
  std::vector<Tally::Row> rows_;
  std::map<std::string, int> modules_by_name_;
  std::map<std::pair<std::string, std::string>, int> operators_by_name_;
  std::map<std::tuple<int, int, DType, Phase, int>, std::size_t> rows_by_key_;
  std::vector<FrameInfo> frames_;
  std::map<std::pair<int, int>, int> frames_by_key_;
};

// Name, type, parameters and those of them that are trainable.
using Described = std::vector<std::tuple<std::string, std::string, std::int64_t, std::int64_t>>;

// Of modules that were listed before they had their parameters.
Tally described_again(const Tally& tally, const Described& described) {
  std::map<std::string, const Described::value_type*> by_name;
  for (const auto& module : described) by_name[std::get<0>(module)] = &module;
  std::vector<ModuleInfo> modules = tally.modules();
  for (ModuleInfo& module : modules) {
    const auto found = by_name.find(module.name);
    if (found == by_name.end()) continue;
    const auto& [name, type, total, trainable] = *found->second;
    module.type = type;
    module.parameters.total = total;
    module.parameters.trainable = trainable;
  }
  return {std::move(modules), tally.operators(), tally.rows(), tally.frames()};
}

// A row with names instead of indices, flat, as a table wants it.
py::list rows_of(const Tally& tally) {
  py::list rows;
  for (const Tally::Row& row : tally.rows()) {
    const OperatorInfo& op = tally.operators()[row.op];
    py::dict named;
    named["module"] = tally.modules()[row.module].name;
    named["module_type"] = tally.modules()[row.module].type;
    named["operator"] = op.name;
    named["overload"] = op.overload;
    named["dtype"] = row.dtype == DType::kUndefined ? "none" : std::string(dtype_name(row.dtype));
    named["phase"] = std::string(phase_name(row.phase));
    named["verdict"] = op.verdict == VerdictKind::kCounted ? "counted" : op.verdict == VerdictKind::kZero ? "zero" : "unknown";
    for (const auto& [name, value] : as_dict(row.cost)) named[name] = value;
    rows.append(std::move(named));
  }
  return rows;
}

std::map<std::string, std::int64_t> unknown_operators(const Tally& tally) {
  std::map<std::string, std::int64_t> calls;
  for (const auto& [name, count] : tally.unknown_operators()) calls[name] = count;
  return calls;
}

std::map<std::string, std::string> zero_operators(const Tally& tally) {
  std::map<std::string, std::string> reasons;
  for (const auto& [name, reason] : tally.zero_operators()) reasons[name] = zero_reason_name(reason);
  return reasons;
}

// In definition order, as the JSON report has them; a std::map would sort them.
py::dict by_module(const Tally& tally) {
  const std::vector<Cost> costs = tally.inclusive_costs();
  py::dict named;
  for (std::size_t i = 0; i < costs.size(); ++i) named[py::str(tally.modules()[i].name)] = costs[i];
  return named;
}

}  // namespace

void bind_tally(py::module_& m) {
  py::class_<Cost> cost_class(m, "Cost", "What operator calls cost; docs/json.md says what each number means.");
  for (const CostCounter& counter : kCostCounters) {
    const std::string name(counter.name);
    const auto get = [&counter](const Cost& cost) { return exact(counter.of(cost)); };
    if (counter.member == nullptr) {
      cost_class.def_property_readonly(name.c_str(), get, what_is(counter));
    } else {
      const auto set = [&counter](Cost& cost, std::int64_t value) { cost.*counter.member = value; };
      cost_class.def_property(name.c_str(), get, set, what_is(counter));
    }
  }
  cost_class.def(py::init<>())
      .def_property_readonly(
          "unmasked_macs", [](const Cost& cost) { return exact(cost.unmasked_macs()); },
          "What masks, windows and lengths leave of macs.")
      .def_property_readonly(
          "bytes", [](const Cost& cost) { return exact(cost.bytes()); }, "Bytes read and written.")
      .def_property_readonly("arithmetic_intensity", &Cost::arithmetic_intensity, "FLOPs a byte read or written.")
      .def_property_readonly("saturated", &Cost::saturated, "Whether a number left 64 bits: it says \"at least\" then.")
      .def(
          "add_macs", [](Cost& cost, std::int64_t n) { cost.add_macs(n); }, py::arg("n"), "Adds n to macs and 2 n to flops.")
      .def("as_dict", &as_dict, "All numbers by name.")
      .def(py::self + py::self)
      .def(py::self == py::self)
      .def("__repr__", &repr)
      .def(py::pickle(&pack, &unpack_cost));

  py::class_<ParameterCount>(m, "ParameterCount", "Elements of the parameters of a module and all below it, shared ones once.")
      .def_readonly("total", &ParameterCount::total, "Elements.")
      .def_readonly("trainable", &ParameterCount::trainable, "Elements that require a gradient.");

  py::class_<ModuleInfo>(m, "ModuleInfo", "A module of a tally.")
      .def_readonly("name", &ModuleInfo::name, "\"layer1.0.conv1\"; \"\" for the root.")
      .def_readonly("type", &ModuleInfo::type, "The name of its class; empty for a scope with a name of its own.")
      .def_readonly("aliases", &ModuleInfo::aliases, "Other names of the same module.")
      .def_readonly("parent", &ModuleInfo::parent, "Its parent's index in modules; -1 for the root.")
      .def_readonly("parameters", &ModuleInfo::parameters, "With all below it.")
      .def_readonly("registered", &ModuleInfo::registered, "Whether it is a module, and not a scope with a name of its own.")
      .def_readonly("called", &ModuleInfo::called, "Whether it was called, or an operator ran in it or below it.")
      .def_readonly("calls", &ModuleInfo::calls, "How often it was called; 0 where that is not known.")
      .def_readonly("input_sizes", &ModuleInfo::input_sizes,
                    "Of the tensors that it was last called with; empty where not known.")
      .def_readonly("output_sizes", &ModuleInfo::output_sizes, "Of the tensors that it last returned; empty where not known.")
      .def("__repr__", [](const ModuleInfo& module) { return "ModuleInfo('" + module.name + "', " + module.type + ")"; });

  py::class_<Tally> tally_class(m, "Tally", "What was counted, as a value.");
  tally_class.def(py::init<>())
      .def_property_readonly("total", &Tally::total, "The Cost of all that was counted.")
      .def_property_readonly("by_operator", &Tally::by_operator, "The Cost of every operator, by name: \"aten::addmm\".")
      .def_property_readonly("by_module", &by_module, "The Cost of every module with all below it, by name.")
      .def_property_readonly("by_dtype", &Tally::by_dtype, "The Cost by dtype: \"float32\"; \"none\" for views.")
      .def_property_readonly("by_phase", &Tally::by_phase, "The Cost by phase: forward, backward, recompute, optimizer, other.")
      .def_property_readonly(
          "by_module_and_phase", [](const Tally& tally) { return tally.by_module_and_phase(); },
          "The Cost of every module with all below it, by name and phase.")
      .def_property_readonly(
          "by_module_and_operator", [](const Tally& tally) { return tally.by_module_and_operator(); },
          "The Cost of every module with all below it, by name and operator.")
      .def(
          "by_caller", [](const Tally& tally) { return tally.by_module_and_operator(Ancestors::kCaller); },
          "As by_module_and_operator, but a module has what it calls instead of what it owns.")
      .def_property_readonly("unknown_operators", &unknown_operators, "Calls of operators that have no formula, by name.")
      .def_property_readonly("zero_operators", &zero_operators, "Why operators cost no arithmetic, by name.")
      .def_property_readonly("uncalled_modules", &Tally::uncalled_modules, "Names of modules in which nothing ran.")
      .def_property_readonly("parameters", &Tally::parameters, "Of the model.")
      .def_property_readonly("saturated", &Tally::saturated, "Whether a number left 64 bits: it says \"at least\" then.")
      .def_property_readonly(
          "modules", [](const Tally& tally) { return tally.modules(); }, "ModuleInfos in definition order, the root first.")
      .def_property_readonly("rows", &rows_of,
                             "A dict for every module, operator, dtype and phase, with the numbers of its Cost.")
      .def(
          "to_dataframe",
          [](const py::object& tally) { return py::module_::import("torchtally._notebook").attr("to_dataframe")(tally); },
          "The rows as a pandas.DataFrame.")
      .def("_repr_html_",
           [](const py::object& tally) { return py::module_::import("torchtally._notebook").attr("to_html")(tally); })
      .def("__add__",
           [](const Tally& a, const Tally& b) {
             Sum sum;
             sum.add(a);
             sum.add(b);
             return std::move(sum).tally();
           })
      .def("__repr__", [](const Tally& tally) { return "Tally(total=" + repr(tally.total()) + ")"; })
      // A saved report is all that a tally is made of.
      .def(py::pickle([](const Tally& tally) { return py::str(to_json(tally)); },
                      [](const py::str& json) { return tally_from_json(json.cast<std::string>()); }));
  bind_reports(m, tally_class);

  m.def("described_again", &described_again, py::arg("tally"), py::arg("modules"));
  m.def(
      "human_count", [](std::int64_t count) { return human_count(count); }, py::arg("count"), "4.112 G: four digits and a unit.");
}

}  // namespace torchtally::python
