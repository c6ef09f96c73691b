#include "formulas/table.h"

#include <algorithm>
#include <array>

#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

constexpr Row counted(std::string_view name, RowFormula formula, int flops = 0, int transcendentals = 0) {
  Row row;
  row.name = name;
  row.formula = formula;
  row.flops = flops;
  row.transcendentals = transcendentals;
  return row;
}

constexpr Row zero(std::string_view name, ZeroReason reason) {
  Row row;
  row.name = name;
  row.reason = reason;
  return row;
}

constexpr std::array kTable = {
    counted("aten::add", per_output, 1),
    zero("aten::t", ZeroReason::kView),
    zero("aten::view", ZeroReason::kView),
};

constexpr bool strictly_sorted() {
  for (std::size_t i = 1; i < kTable.size(); ++i) {
    if (!(kTable[i - 1].name < kTable[i].name)) return false;
  }
  return true;
}
static_assert(strictly_sorted(), "src/formulas/table.cpp: a row is double or out of order");

}  // namespace

absl::Span<const Row> table() { return kTable; }

const Row* find_row(std::string_view name) {
  const std::string_view base = base_name(name);
  const auto* found =
      std::lower_bound(kTable.begin(), kTable.end(), base, [](const Row& row, std::string_view key) { return row.name < key; });
  return found != kTable.end() && found->name == base ? found : nullptr;
}

std::string_view base_name(std::string_view name) {
  const bool in_place = name.size() > 1 && name.back() == '_' && name[name.size() - 2] != '_';
  return in_place ? name.substr(0, name.size() - 1) : name;
}

}  // namespace torchtally::formulas
