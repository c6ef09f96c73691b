#include <algorithm>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "report/call_tree.h"
#include "report/cells.h"
#include "report/html/template.h"
#include "report/html_text.h"
#include "report/json_text.h"
#include "report/sums.h"
#include "torchtally/html_report.h"

namespace torchtally {
namespace {

using report::append_integer;
using report::json_string;

// Module x operator pairs that are embedded one by one.
constexpr std::size_t kPairs = 60'000;

// Inside of a <script> element the text "</script" or "<!--" would end it or change its meaning.
std::string script_safe(std::string json) {
  for (std::size_t at = 0; (at = json.find('<', at)) != std::string::npos;) json.replace(at, 1, "\\u003c");
  return json;
}

template <typename Items, typename Append>
void append_list(std::string& json, const Items& items, Append append) {
  json += '[';
  bool is_first = true;
  for (const auto& item : items) {
    if (!is_first) json += ',';
    is_first = false;
    append(item);
  }
  json += ']';
}

// In the order of `counters` in report.js.
void append_counters(std::string& json, const Cost& cost, std::chrono::nanoseconds time) {
  bool is_first = true;
  for (const std::int64_t count :
       {std::int64_t{cost.macs}, std::int64_t{cost.flops}, std::int64_t{cost.transcendentals}, std::int64_t{cost.bytes_read},
        std::int64_t{cost.bytes_written}, std::int64_t{cost.activations}, std::int64_t{cost.calls}, std::int64_t{time.count()}}) {
    if (!is_first) json += ',';
    is_first = false;
    append_integer(json, count);
  }
}

// [name, type, parent, parameters, flags, aliases, inputs, outputs]; flags: 1 not called, 2 a scope of the user's, not a module.
void append_module(std::string& json, const ModuleInfo& module) {
  json += '[' + json_string(module.name) + ',' + json_string(module.type) + ',';
  append_integer(json, module.parent);
  json += ',';
  append_integer(json, module.parameters.total);
  json += ',';
  append_integer(json, (module.registered && !module.called ? 1 : 0) + (module.registered ? 0 : 2));
  json += ',';
  append_list(json, module.aliases, [&](const std::string& alias) { json += json_string(alias); });
  json += ',' + json_string(report::sizes_text(module.input_sizes)) + ',' + json_string(report::sizes_text(module.output_sizes)) +
          ']';
}

struct Pair {
  int module;
  int op;  // index in OperatorNames::names; its size: "(other operators)"
  Cost cost;
  std::chrono::nanoseconds time{0};
};

// A tally's sums with what CallTimes knows of the same.
template <typename Costs, typename TimeOf>
void append_sums(std::string& json, const Costs& costs, TimeOf time_of) {
  append_list(json, costs, [&](const auto& entry) {
    json += '[' + json_string(entry.first) + ',';
    append_counters(json, entry.second, time_of(entry.first));
    json += ']';
  });
}

template <typename Sums, typename Key>
std::chrono::nanoseconds time_in(const Sums& sums, const Key& key) {
  const auto found = sums.find(key);
  return found == sums.end() ? std::chrono::nanoseconds(0) : found->second.time;
}

double weight_of(const Cost& cost) {
  return static_cast<double>(std::int64_t{cost.flops}) + static_cast<double>(std::int64_t{cost.bytes()});
}

// What ran directly in each module: the kPairs that weigh most, the others added up by module.
std::vector<Pair> pairs_of(const Tally& tally, const report::OperatorNames& operators, const CallTimes& times) {
  std::vector<Pair> pairs;
  const auto costs = report::own_costs_by_operator(tally, operators);
  const auto timed = times.by_module_and_operator();
  for (std::size_t module = 0; module < costs.size(); ++module) {
    for (const report::OperatorCost& entry : costs[module]) {
      const auto key = std::pair(tally.modules()[module].name, operators.names[entry.op]);
      pairs.push_back(
          {static_cast<int>(module), entry.op, entry.cost, timed.empty() ? std::chrono::nanoseconds(0) : time_in(timed, key)});
    }
  }
  if (pairs.size() <= kPairs) return pairs;
  const auto last = pairs.begin() + kPairs;
  std::nth_element(pairs.begin(), last, pairs.end(),
                   [](const Pair& a, const Pair& b) { return weight_of(a.cost) > weight_of(b.cost); });
  std::vector<TimedCost> others(costs.size());
  for (auto pair = last; pair != pairs.end(); ++pair) others[pair->module] += TimedCost{pair->cost, pair->time};
  pairs.erase(last, pairs.end());
  for (std::size_t module = 0; module < others.size(); ++module) {
    if (others[module].cost == Cost()) continue;
    pairs.push_back(
        {static_cast<int>(module), static_cast<int>(operators.names.size()), others[module].cost, others[module].time});
  }
  std::sort(pairs.begin(), pairs.end(),
            [](const Pair& a, const Pair& b) { return std::tie(a.module, a.op) < std::tie(b.module, b.op); });
  return pairs;
}

std::vector<std::pair<std::string, Cost>> sums_by_phase(const Tally& tally) {
  const auto sums = tally.by_phase();
  std::vector<std::pair<std::string, Cost>> in_order;
  for (const Phase phase : kPhases) {
    const std::string name(phase_name(phase));
    if (sums.at(name) != Cost()) in_order.emplace_back(name, sums.at(name));
  }
  return in_order;
}

void append_number(std::string& json, double number) {
  char text[32];
  json.append(text, std::to_chars(text, text + sizeof(text), number).ptr);
}

std::string data_of(const Tally& tally, const HtmlOptions& options) {
  const report::OperatorNames operators = report::operator_names(tally);
  const CallTimes none;
  const CallTimes& times = options.times != nullptr ? *options.times : none;
  std::string json = "{\"torchVersion\":" + json_string(options.torch_version) + ",\"peak\":";
  append_number(json, std::max(options.peak_flops, 0.0));
  json += ",\"bandwidth\":";
  append_number(json, std::max(options.bandwidth, 0.0));
  json += tally.saturated() ? ",\"saturated\":true,\"modules\":" : ",\"saturated\":false,\"modules\":";
  append_list(json, tally.modules(), [&](const ModuleInfo& module) { append_module(json, module); });
  json += ",\"operators\":";
  append_list(json, operators.names, [&](const std::string& name) { json += json_string(name); });
  json += ",\"pairs\":";
  append_list(json, pairs_of(tally, operators, times), [&](const Pair& pair) {
    json += '[';
    append_integer(json, pair.module);
    json += ',';
    append_integer(json, pair.op);
    json += ',';
    append_counters(json, pair.cost, pair.time);
    json += ']';
  });
  json += ",\"byOperator\":";
  append_sums(json, tally.by_operator(), [sums = times.by_operator()](const std::string& name) { return time_in(sums, name); });
  json += ",\"byPhase\":";
  append_sums(json, sums_by_phase(tally), [sums = times.by_phase()](const std::string& name) {
    const auto* const phase = std::find_if(kPhases.begin(), kPhases.end(), [&](Phase p) { return phase_name(p) == name; });
    return time_in(sums, *phase);
  });
  json += ",\"byDtype\":";
  append_sums(json, tally.by_dtype(), [sums = times.by_dtype()](const std::string& name) {
    return time_in(sums, dtype_from_name(name).value_or(DType::kUndefined));  // "none" is no type's name
  });
  json += ",\"unknown\":";
  append_list(json, tally.unknown_operators(), [&](const auto& entry) {
    json += '[' + json_string(entry.first) + ',';
    append_integer(json, entry.second);
    json += ']';
  });
  return json + '}';
}

std::string title_of(const Tally& tally, const HtmlOptions& options) {
  if (!options.title.empty()) return options.title;
  const std::string& type = tally.modules()[0].type;
  return type.empty() ? "torchtally" : type;
}

}  // namespace

std::string to_html(const Tally& tally, const HtmlOptions& options) {
  if (options.ancestors == Ancestors::kCaller) {
    if (options.times != nullptr) throw std::invalid_argument("torchtally::to_html: times are known by owner, not by caller");
    HtmlOptions of_stacks = options;
    of_stacks.ancestors = Ancestors::kOwner;
    return to_html(report::call_tree(tally), of_stacks);
  }
  const std::string title = report::html_escaped(title_of(tally, options));
  const std::string data = script_safe(data_of(tally, options));
  // The template has each of them where it belongs; what is put in is not looked at again.
  std::string html;
  std::string_view rest = report::kHtmlTemplate;
  for (std::size_t at; (at = rest.find("{{")) != std::string_view::npos;) {
    const std::size_t end = rest.find("}}", at);
    const std::string_view name = rest.substr(at + 2, end - at - 2);
    html += rest.substr(0, at);
    html += name == "title" ? title : data;
    rest.remove_prefix(end + 2);
  }
  html += rest;
  return html;
}

}  // namespace torchtally
