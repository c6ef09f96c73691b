
#include "report/json_text.h"
#include "report/sums.h"
#include "torchtally/report.h"

namespace torchtally {
namespace {

using report::append_cost;
using report::append_integer;
using report::json_string;

// {first: value, ...} or [value, ...], a line each: calls append(item) for what stands between the commas.
template <typename Items, typename Append>
void append_lines(std::string& json, std::string_view brackets, const Items& items, Append append) {
  json += brackets[0];
  bool is_first = true;
  for (const auto& item : items) {
    json += is_first ? "\n    " : ",\n    ";
    is_first = false;
    append(item);
  }
  json += is_first ? "" : "\n  ";
  json += brackets[1];
}

void append_boolean(std::string& json, bool value) { json += value ? "true" : "false"; }

template <typename Costs>
void append_costs(std::string& json, std::string_view field, const Costs& costs) {
  json += field;
  append_lines(json, "{}", costs, [&](const auto& entry) {
    json += json_string(entry.first) + ": ";
    append_cost(json, entry.second);
  });
}

void append_parameters(std::string& json, const ParameterCount& parameters) {
  json += "{\"total\": ";
  append_integer(json, parameters.total);
  json += ", \"trainable\": ";
  append_integer(json, parameters.trainable);
  json += '}';
}

template <typename Items, typename Append>
void append_list(std::string& json, const Items& items, Append append) {
  json += '[';
  for (auto item = items.begin(); item != items.end(); ++item) {
    if (item != items.begin()) json += ", ";
    append(*item);
  }
  json += ']';
}

void append_sizes(std::string& json, const std::vector<std::vector<std::int64_t>>& tensors) {
  append_list(json, tensors,
              [&](const auto& sizes) { append_list(json, sizes, [&](std::int64_t size) { append_integer(json, size); }); });
}

void append_module(std::string& json, const Tally& tally, const ModuleInfo& module) {
  json += "{\"name\": " + json_string(module.name) + ", \"type\": " + json_string(module.type);
  json += ", \"parent\": " + (module.parent < 0 ? "null" : json_string(tally.modules()[module.parent].name)) + ", \"aliases\": ";
  append_list(json, module.aliases, [&](const std::string& alias) { json += json_string(alias); });
  json += ", \"parameters\": ";
  append_parameters(json, module.parameters);
  json += ", \"registered\": ";
  append_boolean(json, module.registered);
  json += ", \"called\": ";
  append_boolean(json, module.called);
  json += ", \"calls\": ";
  append_integer(json, module.calls);
  json += ", \"input_sizes\": ";
  append_sizes(json, module.input_sizes);
  json += ", \"output_sizes\": ";
  append_sizes(json, module.output_sizes);
  json += '}';
}

void append_operator(std::string& json, const OperatorInfo& op) {
  const char* const verdict = op.verdict == VerdictKind::kCounted ? "counted"
                              : op.verdict == VerdictKind::kZero  ? "zero"
                                                                  : "unknown";
  json += "{\"name\": " + json_string(op.name) + ", \"overload\": " + json_string(op.overload);
  json += std::string(", \"verdict\": \"") + verdict + "\", \"reason\": ";
  json += op.verdict == VerdictKind::kZero ? json_string(zero_reason_name(op.reason)) : "null";
  json += '}';
}

void append_row(std::string& json, const Tally::Row& row) {
  json += '[';
  append_integer(json, row.module);
  json += ',';
  append_integer(json, row.op);
  json += ",\"";
  json += dtype_name(row.dtype);
  json += "\",\"";
  json += phase_name(row.phase);
  json += "\",";
  append_integer(json, row.frame);
  Cost::for_each_counter([&](auto counter) {
    json += ',';
    append_integer(json, row.cost.*counter);
  });
  json += ']';
}

void append_by_module(std::string& json, const Tally& tally) {
  const auto& modules = tally.modules();
  std::vector<std::string> names;
  names.reserve(modules.size());
  for (const ModuleInfo& module : modules) names.push_back(json_string(module.name));
  const report::OperatorNames operators = report::operator_names(tally);
  std::vector<std::string> operator_fields;
  for (const std::string& name : operators.names) operator_fields.push_back(json_string(name) + ": ");

  const std::vector<Cost> costs = tally.inclusive_costs();
  json += ",\n  \"by_module\": ";
  append_lines(json, "{}", modules, [&](const ModuleInfo& module) {
    json += names[&module - modules.data()] + ": ";
    append_cost(json, costs[&module - modules.data()]);
  });
  const auto costs_by_operator = report::inclusive_costs_by_operator(tally, operators);
  json += ",\n  \"by_module_and_operator\": ";
  append_lines(json, "{}", modules, [&](const ModuleInfo& module) {
    const auto& own = costs_by_operator[&module - modules.data()];
    json += names[&module - modules.data()] + ": {";
    for (const report::OperatorCost& entry : own) {
      json += &entry == own.data() ? "\n      " : ",\n      ";
      json += operator_fields[entry.op];
      append_cost(json, entry.cost);
    }
    json += own.empty() ? "}" : "\n    }";
  });
}

// What the sums above are made of, so that a Tally can be made of it again (tally_from_json.h).
void append_parts(std::string& json, const Tally& tally) {
  json += ",\n  \"modules\": ";
  append_lines(json, "[]", tally.modules(), [&](const ModuleInfo& module) { append_module(json, tally, module); });
  json += ",\n  \"operators\": ";
  append_lines(json, "[]", tally.operators(), [&](const OperatorInfo& op) { append_operator(json, op); });
  json += ",\n  \"frames\": ";
  append_list(json, tally.frames(), [&](const FrameInfo& frame) {
    json += '[';
    append_integer(json, frame.module);
    json += ',';
    append_integer(json, frame.caller);
    json += ']';
  });
  json += ",\n  \"rows\": ";
  append_lines(json, "[]", tally.rows(), [&](const Tally::Row& row) { append_row(json, row); });
}

}  // namespace

std::string to_json(const Tally& tally, std::string_view torch_version) {
  std::string json = "{\n  \"schema\": \"torchtally/1\",\n  \"torch_version\": ";
  json += torch_version.empty() ? "null" : json_string(torch_version);
  const Cost total = tally.total();
  json += ",\n  \"saturated\": ";
  append_boolean(json, total.saturated());
  json += ",\n  \"totals\": ";
  append_cost(json, total);
  json += ",\n  \"parameters\": ";
  append_parameters(json, tally.parameters());
  append_costs(json, ",\n  \"by_operator\": ", tally.by_operator());
  append_costs(json, ",\n  \"by_dtype\": ", tally.by_dtype());
  append_costs(json, ",\n  \"by_phase\": ", tally.by_phase());
  append_by_module(json, tally);
  json += ",\n  \"unknown_operators\": ";
  append_lines(json, "{}", tally.unknown_operators(), [&](const auto& entry) {
    json += json_string(entry.first) + ": ";
    append_integer(json, entry.second);
  });
  json += ",\n  \"zero_operators\": ";
  append_lines(json, "{}", tally.zero_operators(),
               [&](const auto& entry) { json += json_string(entry.first) + ": " + json_string(zero_reason_name(entry.second)); });
  json += ",\n  \"uncalled_modules\": ";
  append_list(json, tally.uncalled_modules(), [&](const std::string& name) { json += json_string(name); });
  append_parts(json, tally);
  return json + "\n}\n";
}

}  // namespace torchtally
