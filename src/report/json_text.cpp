#include "report/json_text.h"

#include <charconv>
#include <nlohmann/json.hpp>

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
  const auto field = [&json](std::string_view name, std::int64_t number) {
    json += name;
    append_integer(json, number);
  };
  field("{\"macs\": ", cost.macs);
  field(", \"flops\": ", cost.flops);
  field(", \"matmul_flops\": ", cost.matmul_flops());
  field(", \"masked_macs\": ", cost.masked_macs);
  field(", \"transcendentals\": ", cost.transcendentals);
  field(", \"bytes_read\": ", cost.bytes_read);
  field(", \"bytes_written\": ", cost.bytes_written);
  field(", \"bytes_communicated\": ", cost.bytes_communicated);
  field(", \"activations\": ", cost.activations);
  field(", \"calls\": ", cost.calls);
  json += '}';
}

}  // namespace torchtally::report
