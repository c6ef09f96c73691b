// JSON text, appended piece by piece: a million rows as a tree of JSON values would take a gigabyte and seconds.
#ifndef TORCHTALLY_SRC_REPORT_JSON_TEXT_H_
#define TORCHTALLY_SRC_REPORT_JSON_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "torchtally/cost.h"

namespace torchtally::report {

// In quotes, escaped; what is not UTF-8 becomes U+FFFD: a bad name must not cost the user the whole report.
std::string json_string(std::string_view text);

void append_integer(std::string& json, std::int64_t number);

// {"macs": 1, ...}: the object `cost` of docs/json.md.
void append_cost(std::string& json, const Cost& cost);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_JSON_TEXT_H_
