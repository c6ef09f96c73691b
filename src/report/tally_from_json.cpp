#include "torchtally/tally_from_json.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace torchtally {
namespace {

using Json = nlohmann::json;

constexpr char kSchema[] = "torchtally/1";

[[noreturn]] void fail(const std::string& why) { throw std::invalid_argument("torchtally::tally_from_json: " + why); }

const Json& field(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) fail("the field \"" + std::string(name) + "\" is missing");
  return *found;
}

std::int64_t integer(const Json& json) {
  // What does not fit into 64 bits is read as a floating-point number.
  if (!json.is_number_integer() ||
      (json.is_number_unsigned() && json.get<std::uint64_t>() > static_cast<std::uint64_t>(Count::kMax))) {
    fail(json.dump() + " is no integer of 64 bits");
  }
  return json.get<std::int64_t>();
}

const std::string& text(const Json& json) {
  if (!json.is_string()) fail(json.dump() + " is no text");
  return json.get_ref<const std::string&>();
}

int index(const Json& json) {
  const std::int64_t number = integer(json);
  if (number < -1 || number > std::numeric_limits<int>::max()) fail(json.dump() + " is no index");
  return static_cast<int>(number);
}

std::int64_t count(const Json& json) {
  const std::int64_t number = integer(json);
  if (number < 0) fail(json.dump() + " is no count");
  return number;
}

std::vector<std::vector<std::int64_t>> sizes(const Json& json) {
  std::vector<std::vector<std::int64_t>> tensors;
  for (const Json& tensor : json) {
    tensors.emplace_back();
    for (const Json& size : tensor) tensors.back().push_back(integer(size));
  }
  return tensors;
}

std::vector<ModuleInfo> modules_of(const Json& json) {
  std::vector<ModuleInfo> modules;
  absl::flat_hash_map<std::string, int> by_name;
  for (const Json& entry : json) {
    ModuleInfo module;
    module.name = text(field(entry, "name"));
    module.type = text(field(entry, "type"));
    module.aliases = field(entry, "aliases").get<std::vector<std::string>>();
    if (const Json& parent = field(entry, "parent"); !parent.is_null()) {
      const auto found = by_name.find(text(parent));
      if (found == by_name.end()) fail("the parent of module '" + module.name + "' does not stand before it");
      module.parent = found->second;
    }
    const Json& parameters = field(entry, "parameters");
    module.parameters = {count(field(parameters, "total")), count(field(parameters, "trainable"))};
    module.registered = field(entry, "registered").get<bool>();
    module.called = field(entry, "called").get<bool>();
    module.calls = count(field(entry, "calls"));
    module.input_sizes = sizes(field(entry, "input_sizes"));
    module.output_sizes = sizes(field(entry, "output_sizes"));
    if (!by_name.emplace(module.name, static_cast<int>(modules.size())).second) {
      fail("two modules are called '" + module.name + "'");
    }
    modules.push_back(std::move(module));
  }
  return modules;
}

VerdictKind verdict_of(const std::string& name) {
  if (name == "counted") return VerdictKind::kCounted;
  if (name == "zero") return VerdictKind::kZero;
  if (name == "unknown") return VerdictKind::kUnknown;
  fail("there is no verdict '" + name + "'");
}

ZeroReason reason_of(const std::string& name) {
  for (const ZeroReason reason : {ZeroReason::kView, ZeroReason::kMetadata, ZeroReason::kFactory, ZeroReason::kCopy,
                                  ZeroReason::kComparison, ZeroReason::kRandom, ZeroReason::kIgnored}) {
    if (zero_reason_name(reason) == name) return reason;
  }
  fail("there is no reason '" + name + "'");
}

std::vector<OperatorInfo> operators_of(const Json& json) {
  std::vector<OperatorInfo> operators;
  for (const Json& entry : json) {
    OperatorInfo op;
    op.name = text(field(entry, "name"));
    op.overload = text(field(entry, "overload"));
    op.verdict = verdict_of(text(field(entry, "verdict")));
    if (op.verdict == VerdictKind::kZero) op.reason = reason_of(text(field(entry, "reason")));
    operators.push_back(std::move(op));
  }
  return operators;
}

std::vector<FrameInfo> frames_of(const Json& json) {
  std::vector<FrameInfo> frames;
  for (const Json& entry : json) frames.push_back({index(entry.at(0)), index(entry.at(1))});
  return frames;
}

std::vector<Tally::Row> rows_of(const Json& json) {
  constexpr std::size_t kKeys = 5;
  std::vector<Tally::Row> rows;
  rows.reserve(json.size());
  for (const Json& entry : json) {
    if (!entry.is_array() || entry.size() != kKeys + Cost::kCounters) {
      fail("a row has " + std::to_string(kKeys + Cost::kCounters) + " values, not as in " + entry.dump());
    }
    Tally::Row row;
    row.module = index(entry[0]);
    row.op = index(entry[1]);
    const auto dtype = dtype_from_name(text(entry[2]));
    if (!dtype) fail("there is no dtype " + entry[2].dump());
    row.dtype = *dtype;
    const std::string& phase_text = text(entry[3]);
    const auto* const phase =
        std::find_if(kPhases.begin(), kPhases.end(), [&](Phase known) { return phase_name(known) == phase_text; });
    if (phase == kPhases.end()) fail("there is no phase " + entry[3].dump());
    row.phase = *phase;
    row.frame = index(entry[4]);
    std::size_t i = kKeys;
    Cost::for_each_counter([&](auto counter) { row.cost.*counter = count(entry[i++]); });
    rows.push_back(row);
  }
  return rows;
}

// Without the sums: with a million rows they are most of the text.
Json parse_parts(std::string_view text) {
  const auto keep = [](int depth, Json::parse_event_t event, Json& parsed) {
    if (event != Json::parse_event_t::key || depth != 1) return true;
    static constexpr const char* kRead[] = {"schema", "torch_version", "modules", "operators", "frames", "rows"};
    return std::find(std::begin(kRead), std::end(kRead), parsed.get_ref<const std::string&>()) != std::end(kRead);
  };
  return Json::parse(text, keep);
}

}  // namespace

Tally tally_from_json(std::string_view json, std::string* torch_version) {
  try {
    const Json parts = parse_parts(json);
    if (!parts.is_object() || field(parts, "schema") != kSchema) fail(std::string("this is no report of the schema ") + kSchema);
    const Json& version = field(parts, "torch_version");
    if (torch_version != nullptr) *torch_version = version.is_null() ? "" : text(version);
    std::vector<ModuleInfo> modules = modules_of(field(parts, "modules"));
    std::vector<OperatorInfo> operators = operators_of(field(parts, "operators"));
    std::vector<FrameInfo> frames = frames_of(field(parts, "frames"));
    return Tally(std::move(modules), std::move(operators), rows_of(field(parts, "rows")), std::move(frames));
  } catch (const Json::exception& error) {
    fail(error.what());
  }
}

}  // namespace torchtally
