#include "report/utf8.h"

#include <algorithm>

namespace torchtally::report {
namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

// Where character number `n` begins; the end of the text if it has no more than `n`.
std::size_t place_of(std::string_view text, std::size_t n) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && n-- == 0) return i;
  }
  return text.size();
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string cut(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  if (width == 0) return "";
  return std::string(text.substr(0, place_of(text, width - 1))) + "…";
}

std::string shorten(std::string_view text, std::size_t width) {
  const std::size_t length = width_of(text);
  if (length <= width || width < 3) return cut(text, width);
  const std::size_t head = (width - 1) / 2;
  const std::size_t tail = width - 1 - head;
  return std::string(text.substr(0, place_of(text, head))) + "…" + std::string(text.substr(place_of(text, length - tail)));
}

}  // namespace torchtally::report
