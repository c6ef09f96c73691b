#include <nlohmann/json.hpp>

#include "torchtally/report.h"

namespace torchtally {
namespace {

using Json = nlohmann::ordered_json;

Json exact(Count count) { return static_cast<std::int64_t>(count); }

Json cost_json(const Cost& cost) {
  return {{"macs", exact(cost.macs)},
          {"flops", exact(cost.flops)},
          {"matmul_flops", exact(cost.matmul_flops())},
          {"masked_macs", exact(cost.masked_macs)},
          {"transcendentals", exact(cost.transcendentals)},
          {"bytes_read", exact(cost.bytes_read)},
          {"bytes_written", exact(cost.bytes_written)},
          {"bytes_communicated", exact(cost.bytes_communicated)},
          {"activations", exact(cost.activations)},
          {"calls", exact(cost.calls)}};
}

Json parameters_json(const ParameterCount& parameters) {
  return {{"total", parameters.total}, {"trainable", parameters.trainable}};
}

template <typename Costs>
Json costs_json(const Costs& costs) {
  Json json = Json::object();
  for (const auto& [name, cost] : costs) json[name] = cost_json(cost);
  return json;
}

Json modules_json(const Tally& tally) {
  Json json = Json::array();
  for (const ModuleInfo& module : tally.modules()) {
    json.push_back({{"name", module.name},
                    {"type", module.type},
                    {"parent", module.parent < 0 ? Json(nullptr) : Json(tally.modules()[module.parent].name)},
                    {"aliases", module.aliases},
                    {"parameters", parameters_json(module.parameters)},
                    {"registered", module.registered},
                    {"called", module.called},
                    {"calls", module.calls},
                    {"input_sizes", module.input_sizes},
                    {"output_sizes", module.output_sizes}});
  }
  return json;
}

}  // namespace

std::string to_json(const Tally& tally, std::string_view torch_version) {
  Json by_module = Json::object();
  Json by_module_and_operator = Json::object();
  const auto costs_by_module = tally.by_module();
  const auto costs_by_module_and_operator = tally.by_module_and_operator();
  for (const ModuleInfo& module : tally.modules()) {  // definition order, which the maps do not keep
    by_module[module.name] = cost_json(costs_by_module.at(module.name));
    by_module_and_operator[module.name] = costs_json(costs_by_module_and_operator.at(module.name));
  }
  Json unknown_operators = Json::object();
  for (const auto& [name, calls] : tally.unknown_operators()) unknown_operators[name] = exact(calls);
  Json zero_operators = Json::object();
  for (const auto& [name, reason] : tally.zero_operators()) zero_operators[name] = zero_reason_name(reason);

  const Json json = {{"schema", "torchtally/1"},
                     {"torch_version", torch_version.empty() ? Json(nullptr) : Json(torch_version)},
                     {"saturated", tally.saturated()},
                     {"totals", cost_json(tally.total())},
                     {"parameters", parameters_json(tally.parameters())},
                     {"by_operator", costs_json(tally.by_operator())},
                     {"by_dtype", costs_json(tally.by_dtype())},
                     {"by_phase", costs_json(tally.by_phase())},
                     {"by_module", std::move(by_module)},
                     {"by_module_and_operator", std::move(by_module_and_operator)},
                     {"unknown_operators", std::move(unknown_operators)},
                     {"zero_operators", std::move(zero_operators)},
                     {"uncalled_modules", tally.uncalled_modules()},
                     {"modules", modules_json(tally)}};
  // A name that is not UTF-8 must not cost the user the whole report.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace torchtally
