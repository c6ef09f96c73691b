#include "report/json_text.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "torchtally/cost_counter.h"

namespace torchtally::report {

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void append_integer(std::string& json, std::int64_t number) {
  char digits[20];  // -9223372036854775808
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  json.append(digits, end);
}

void append_cost(std::string& json, const Cost& cost) {
  for (const CostCounter& counter : kCostCounters) {
    json += &counter == kCostCounters.data() ? "{\"" : ", \"";
    json += counter.name;
    json += "\": ";
    append_integer(json, counter.of(cost));
  }
  json += '}';
}

}  // namespace torchtally::report
