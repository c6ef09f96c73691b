// The reports of a Tally: what the library and the command show, with Python's names for the options.
#include <pybind11/stl.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "torchtally/call_times.h"
#include "torchtally/diff.h"
#include "torchtally/html_report.h"
#include "torchtally/report.h"
#include "torchtally/tally.h"
#include "torchtally/tally_from_json.h"
#include "torchtally/trace_writer.h"

namespace py = pybind11;

namespace torchtally::python {
namespace {

using Names = std::vector<std::string>;

template <typename Values, typename Name>
[[noreturn]] void unknown_name(const std::string& what, const std::string& name, const Values& values, Name name_of) {
  std::string known;
  for (const auto value : values) (known += known.empty() ? "" : ", ") += name_of(value);
  throw py::value_error("no " + what + " '" + name + "'; there are: " + known);
}

Column column_of(const std::string& name) {
  if (const auto column = column_from_name(name)) return *column;
  unknown_name("column", name, kColumns, column_name);
}

GroupBy group_of(const std::string& name) {
  if (const auto group = group_from_name(name)) return *group;
  unknown_name("grouping", name, kGroupings, group_name);
}

Ancestors ancestors_of(const std::string& name) {
  if (name == "owner") return Ancestors::kOwner;
  if (name == "caller") return Ancestors::kCaller;
  throw py::value_error("no ancestors '" + name + "'; there are: owner, caller");
}

// None is what all of them are asked for by, not a negative number.
int depth_of(std::optional<int> depth) {
  if (depth && *depth < 0) throw py::value_error("depth is a number of levels, 0 or more; None for all of them");
  return depth.value_or(-1);
}

int top_of(int top) {
  if (top < 0) throw py::value_error("top is a number of rows; 0 for all of them");
  return top;
}

ReportOptions options_of(std::optional<int> depth, const Names& by, const Names& columns, const std::optional<std::string>& sort,
                         int top, const std::string& ancestors) {
  ReportOptions options;
  options.depth = depth_of(depth);
  options.by.clear();
  for (const std::string& name : by) options.by.push_back(group_of(name));
  for (const std::string& name : columns) options.columns.push_back(column_of(name));
  if (sort) options.sort = column_of(*sort);
  options.top = top_of(top);
  options.ancestors = ancestors_of(ancestors);
  return options;
}

// A report whose rows are chosen: table, CSV, Markdown, the fragment of a notebook.
template <std::string (*report)(const Tally&, const ReportOptions&)>
void bind_rows(py::class_<Tally>& tally, const char* name, const char* what) {
  tally.def(
      name,
      [](const Tally& self, std::optional<int> depth, const Names& by, const Names& columns,
         const std::optional<std::string>& sort, int top,
         const std::string& ancestors) { return report(self, options_of(depth, by, columns, sort, top, ancestors)); },
      py::arg("depth") = py::none(), py::kw_only(), py::arg("by") = Names{"module"}, py::arg("columns") = Names{},
      py::arg("sort") = py::none(), py::arg("top") = 0, py::arg("ancestors") = "owner", what);
}

// What watches a run: a trace that is written while it lasts, and the times of its calls.
class RunObserver : public CallObserver {
 public:
  RunObserver(const std::optional<std::string>& trace, bool times) : keeps_times_(times) {
    if (!trace) return;
    file_ = std::fopen(trace->c_str(), "wb");
    if (file_ == nullptr) fail();
    writer_.emplace([this](std::string_view part) { return std::fwrite(part.data(), 1, part.size(), file_) == part.size(); });
  }
  ~RunObserver() override {
    if (file_ != nullptr) std::fclose(file_);
  }

  void on_call(const CallRecord& record) noexcept override {
    if (keeps_times_) times_.on_call(record);
    if (writer_) writer_->on_call(record);
  }

  // Completes the trace. Throws OSError.
  void close() {
    if (file_ == nullptr) return;
    const bool is_written = writer_->finish();
    const bool is_closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (!is_written || !is_closed) fail();
  }

  const CallTimes& times() const {
    if (!keeps_times_) throw py::value_error("times were not taken: CountingGuard(model, times=True)");
    return times_;
  }

 private:
  [[noreturn]] static void fail() {
    PyErr_SetFromErrno(PyExc_OSError);
    throw py::error_already_set();
  }

  const bool keeps_times_;
  CallTimes times_;
  std::FILE* file_ = nullptr;
  std::optional<TraceWriter> writer_;
};

std::string html(const Tally& tally, const std::string& title, double peak_flops, double bandwidth, const std::string& ancestors,
                 const RunObserver* observer) {
  HtmlOptions options;
  options.title = title;
  options.torch_version = TORCHTALLY_TORCH_VERSION;
  options.peak_flops = peak_flops;
  options.bandwidth = bandwidth;
  options.ancestors = ancestors_of(ancestors);
  if (observer != nullptr) options.times = &observer->times();
  return to_html(tally, options);
}

DiffOptions shown(int top) {
  DiffOptions options;
  options.top = top_of(top);
  return options;
}

}  // namespace

void bind_reports(py::module_& m, py::class_<Tally>& tally) {
  bind_rows<&to_table>(tally, "table", "Aligned columns in human units, then what is not covered.");
  bind_rows<&to_markdown>(tally, "to_markdown", "The table for a README, an issue or a review.");
  bind_rows<&to_csv>(tally, "to_csv", "Exact figures, a header line.");
  bind_rows<&to_html_table>(tally, "_html_table", "The table as a fragment of a page.");
  tally
      .def(
          "tree",
          [](const Tally& self, std::optional<int> depth, const Names& columns, const std::optional<std::string>& sort, int top,
             const std::string& ancestors) {
            return to_tree(self, options_of(depth, {"module"}, columns, sort, top, ancestors));
          },
          py::arg("depth") = py::none(), py::kw_only(), py::arg("columns") = Names{}, py::arg("sort") = py::none(),
          py::arg("top") = 0, py::arg("ancestors") = "owner", "The modules indented, the cost on every line.")
      .def(
          "to_json", [](const Tally& self) { return to_json(self, TORCHTALLY_TORCH_VERSION); }, "All of it: docs/json.md.")
      .def_static(
          "from_json", [](const std::string& text) { return tally_from_json(text); }, py::arg("text"),
          "The tally of a saved report, exactly.")
      .def(
          "to_folded",
          [](const Tally& self, const std::string& weight, const std::string& ancestors) {
            return to_folded(self, column_of(weight), ancestors_of(ancestors));
          },
          py::arg("weight") = "flops", py::arg("ancestors") = "owner", "Stacks for flame graph tools.")
      .def("html", &html, py::arg("title") = "", py::arg("peak_flops") = 0.0, py::arg("bandwidth") = 0.0,
           py::arg("ancestors") = "owner", py::arg("observer") = py::none(), "The report as one page for a browser.")
      .def("__str__", [](const Tally& self) { return to_table(self); });

  py::class_<CallObserver>(m, "CallObserver");  // what a guard takes
  py::class_<RunObserver, CallObserver>(m, "RunObserver")
      .def(py::init<const std::optional<std::string>&, bool>(), py::arg("trace") = py::none(), py::arg("times") = false)
      .def("close", &RunObserver::close)
      .def(
          "times_table",
          [](const RunObserver& self, const std::string& by, std::optional<int> depth, int top, double peak_flops,
             double bandwidth) {
            if (by != "operator" && by != "module") throw py::value_error("times are by operator or by module, not by " + by);
            TimesOptions options;
            options.by_module = by == "module";
            options.depth = depth_of(depth);
            options.top = top_of(top);
            options.peak_flops = peak_flops;
            options.bandwidth = bandwidth;
            return to_table(self.times(), options);
          },
          py::arg("by") = "operator", py::arg("depth") = py::none(), py::arg("top") = 0, py::arg("peak_flops") = 0.0,
          py::arg("bandwidth") = 0.0);

  py::class_<TallyDiff>(m, "TallyDiff", "What changed between two tallies.")
      .def_property_readonly("is_same", &TallyDiff::is_same, "Whether nothing changed.")
      .def_property_readonly("largest_relative_change", &TallyDiff::largest_relative_change,
                             "Of a total number: 0.1 for a tenth more or less.")
      .def(
          "to_text", [](const TallyDiff& self, int top) { return to_text(self, shown(top)); }, py::arg("top") = 0,
          "For a terminal; `top`: only so many modules and operators, 0 for all.")
      .def(
          "to_markdown", [](const TallyDiff& self, int top) { return to_markdown(self, shown(top)); }, py::arg("top") = 0,
          "For an issue or a review; `top` as of to_text().")
      .def(
          "to_json", [](const TallyDiff& self) { return to_json(self); }, "All of it: docs/json.md.")
      .def("__str__", [](const TallyDiff& self) { return to_text(self); });
  m.def(
      "diff",
      [](const Tally& before, const Tally& after, const std::string& ancestors) {
        return diff(before, after, ancestors_of(ancestors));
      },
      py::arg("before"), py::arg("after"), py::arg("ancestors") = "owner", "What changed from one tally to another.");
}

}  // namespace torchtally::python
