#include <cstdint>
#include <string>

#include "torchtally/report.h"

namespace torchtally {
namespace {

constexpr const char* kPrefixes[] = {"", " k", " M", " G", " T", " P", " E"};

}  // namespace

// In integers throughout: a double has no exact 999950, and its rounding would show in the last digit.
std::string human_count(Count count) {
  const auto value = static_cast<std::uint64_t>(static_cast<std::int64_t>(count));
  const std::string at_least = count.saturated() ? ">= " : "";
  if (value < 1000) return at_least + std::to_string(value);

  std::uint64_t unit = 1000;  // the value of the prefix
  int prefix = 1;
  while (value / unit >= 1000) {
    unit *= 1000;
    ++prefix;
  }
  int decimals = value / unit >= 100 ? 1 : value / unit >= 10 ? 2 : 3;
  std::uint64_t scale = decimals == 1 ? 10 : decimals == 2 ? 100 : 1000;
  std::uint64_t digits = (value + unit / scale / 2) / (unit / scale);
  if (digits == 10000) {  // rounded up into one digit more
    digits = 1000;
    prefix += decimals == 1 ? 1 : 0;
    decimals = decimals == 1 ? 3 : decimals - 1;
  }
  std::string text = std::to_string(digits);
  text.insert(text.size() - static_cast<std::size_t>(decimals), ".");
  return at_least + text + kPrefixes[prefix];
}

}  // namespace torchtally
