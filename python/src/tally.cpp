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
      cost_class.def_property_readonly(name.c_str(), get);
    } else {
      cost_class.def_property(name.c_str(), get, [&counter](Cost& cost, std::int64_t value) { cost.*counter.member = value; });
    }
  }
  cost_class.def(py::init<>())
      .def_property_readonly("unmasked_macs", [](const Cost& cost) { return exact(cost.unmasked_macs()); })
      .def_property_readonly("bytes", [](const Cost& cost) { return exact(cost.bytes()); })
      .def_property_readonly("arithmetic_intensity", &Cost::arithmetic_intensity)
      .def_property_readonly("saturated", &Cost::saturated)
      .def(
          "add_macs", [](Cost& cost, std::int64_t n) { cost.add_macs(n); }, py::arg("n"))
      .def("as_dict", &as_dict)
      .def(py::self + py::self)
      .def(py::self == py::self)
      .def("__repr__", &repr)
      .def(py::pickle(&pack, &unpack_cost));

  py::class_<ParameterCount>(m, "ParameterCount")
      .def_readonly("total", &ParameterCount::total)
      .def_readonly("trainable", &ParameterCount::trainable);

  py::class_<ModuleInfo>(m, "ModuleInfo")
      .def_readonly("name", &ModuleInfo::name)
      .def_readonly("type", &ModuleInfo::type)
      .def_readonly("aliases", &ModuleInfo::aliases)
      .def_readonly("parent", &ModuleInfo::parent)
      .def_readonly("parameters", &ModuleInfo::parameters)
      .def_readonly("registered", &ModuleInfo::registered)
      .def_readonly("called", &ModuleInfo::called)
      .def_readonly("calls", &ModuleInfo::calls)
      .def_readonly("input_sizes", &ModuleInfo::input_sizes)
      .def_readonly("output_sizes", &ModuleInfo::output_sizes)
      .def("__repr__", [](const ModuleInfo& module) { return "ModuleInfo('" + module.name + "', " + module.type + ")"; });

  py::class_<Tally> tally_class(m, "Tally", "What was counted, as a value.");
  tally_class.def(py::init<>())
      .def_property_readonly("total", &Tally::total)
      .def_property_readonly("by_operator", &Tally::by_operator)
      .def_property_readonly("by_module", &by_module)
      .def_property_readonly("by_dtype", &Tally::by_dtype)
      .def_property_readonly("by_phase", &Tally::by_phase)
      .def_property_readonly("by_module_and_phase", [](const Tally& tally) { return tally.by_module_and_phase(); })
      .def_property_readonly("by_module_and_operator", [](const Tally& tally) { return tally.by_module_and_operator(); })
      .def("by_caller", [](const Tally& tally) { return tally.by_module_and_operator(Ancestors::kCaller); })
      .def_property_readonly("unknown_operators", &unknown_operators)
      .def_property_readonly("zero_operators", &zero_operators)
      .def_property_readonly("uncalled_modules", &Tally::uncalled_modules)
      .def_property_readonly("parameters", &Tally::parameters)
      .def_property_readonly("saturated", &Tally::saturated)
      .def_property_readonly("modules", [](const Tally& tally) { return tally.modules(); })
      .def_property_readonly("rows", &rows_of)
      .def("to_dataframe",
           [](const py::object& tally) { return py::module_::import("torchtally._notebook").attr("to_dataframe")(tally); })
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

  m.def(
      "human_count", [](std::int64_t count) { return human_count(count); }, py::arg("count"));
}

}  // namespace torchtally::python
