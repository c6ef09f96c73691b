#include "formulas/table.h"

#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally::formulas {
namespace {

TEST(Table, FindsEveryRow) {
  ASSERT_FALSE(table().empty());
  for (const Row& row : table()) EXPECT_EQ(find_row(row.name), &row) << row.name;
}

TEST(Table, IsStrictlySorted) {
  for (std::size_t i = 1; i < table().size(); ++i) EXPECT_LT(table()[i - 1].name, table()[i].name);
}

TEST(Table, NamesAreBaseNames) {
  for (const Row& row : table()) {
    EXPECT_EQ(base_name(row.name), row.name);
    EXPECT_EQ(row.name.find('.'), std::string_view::npos) << row.name;
    EXPECT_NE(row.name.find("::"), std::string_view::npos) << row.name;
  }
}

TEST(Table, EveryRowIsCountedByAFormulaOrZeroForAReason) {
  for (const Row& row : table()) {
    if (row.kind == VerdictKind::kCounted) {
      EXPECT_NE(row.family, nullptr) << row.name;
    } else {
      EXPECT_EQ(row.kind, VerdictKind::kZero) << row.name;
      EXPECT_NE(row.reason, ZeroReason::kIgnored) << row.name;
    }
  }
}

// docs/formulas.md is made of them.
TEST(Table, EveryFamilySaysItsMathematicsAndItsSource) {
  for (const Row& row : table()) {
    if (row.family == nullptr) continue;
    EXPECT_NE(row.family->formula, nullptr) << row.name;
    EXPECT_FALSE(row.family->mathematics.empty()) << row.name;
    EXPECT_FALSE(row.family->source.empty()) << row.name;
  }
}

// A formula reads what is not there as neutral, so none may fail on a call without arguments or results.
TEST(Table, NoFormulaNeedsItsArguments) {
  for (const Row& row : table()) {
    const Cost cost = CallBuilder(row.name).cost();
    EXPECT_EQ(cost.calls, 1) << row.name;
    EXPECT_FALSE(cost.saturated()) << row.name;
  }
}

// Zero is zero, whatever the shapes.
TEST(Table, ZeroRowsCostNoArithmetic) {
  for (const Row& row : table()) {
    if (row.kind != VerdictKind::kZero) continue;
    CallBuilder call(row.name);
    call.tensor("self", {4, 6}).tensor("other", {4, 6}).tensor("third", {4, 6}).returns({4, 6});
    EXPECT_THAT(call.cost(), Costs(0, 0, 0)) << row.name;
  }
}

TEST(Table, LooksUpInPlaceVariants) {
  EXPECT_EQ(find_row("aten::add_"), find_row("aten::add"));
  EXPECT_NE(find_row("aten::add_"), nullptr);
  EXPECT_EQ(find_row("aten::no_such_operator"), nullptr);
  EXPECT_EQ(find_row(""), nullptr);
  EXPECT_EQ(find_row("add"), nullptr);
}

TEST(BaseName, KeepsDoubleUnderscores) {
  EXPECT_EQ(base_name("aten::relu_"), "aten::relu");
  EXPECT_EQ(base_name("aten::relu"), "aten::relu");
  EXPECT_EQ(base_name("aten::__and__"), "aten::__and__");
  EXPECT_EQ(base_name("_"), "_");
}

}  // namespace
}  // namespace torchtally::formulas
