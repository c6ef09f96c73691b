#include "cli/operator_names.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace torchtally::cli {
namespace {

constexpr std::size_t kSuggestions = 5;

std::string_view without_namespace(std::string_view name) {
  const std::size_t colons = name.find("::");
  return colons == std::string_view::npos ? name : name.substr(colons + 2);
}

// The last * takes one character more whenever what follows it does not fit.
bool fits(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t taken_to = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken_to = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken_to;
    } else {
      return false;
    }
  }
  return pattern.substr(p).find_first_not_of('*') == std::string_view::npos;
}

// Insertions, deletions and replacements from one to the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row[b.size()];
}

}  // namespace

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.find_first_of("*?") == std::string_view::npos) return name.find(pattern) != std::string_view::npos;
  return fits(pattern, name) || fits(pattern, without_namespace(name));
}

std::vector<std::string> nearest(std::string_view name, const std::vector<std::string>& names) {
  const bool qualified = name.find("::") != std::string_view::npos;
  // A third of the characters wrong is another name, whatever the namespace; so are two of two.
  const std::size_t length = without_namespace(name).size();
  const std::size_t limit = std::min(std::max<std::size_t>(2, length / 3), length / 2);
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const std::string& candidate : names) {
    const std::size_t d = distance(name, qualified ? std::string_view(candidate) : without_namespace(candidate));
    if (d <= limit) near.emplace_back(d, candidate);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> result;
  for (const auto& [d, candidate] : near) {
    if (result.size() < kSuggestions) result.emplace_back(candidate);
  }
  return result;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& candidate : nearest(name, names)) list += (list.empty() ? "" : ", ") + candidate;
  if (list.empty()) return "\n  torchtally ops lists all that there are; --library LIB.so adds those of a library.";
  return "\n  Did you mean " + list + "?";
}

}  // namespace torchtally::cli
