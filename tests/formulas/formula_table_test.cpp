#include "torchtally/formula_table.h"

#include <gtest/gtest.h>

#include "formulas/table.h"

namespace torchtally {
namespace {

FormulaDescription described(std::string_view op) { return find_builtin_formula(op).value_or(FormulaDescription()); }

TEST(FormulaTable, HasEveryRow) {
  const auto descriptions = builtin_formulas();
  ASSERT_EQ(descriptions.size(), formulas::table().size());
  for (std::size_t i = 0; i < descriptions.size(); ++i) {
    EXPECT_EQ(descriptions[i].name, formulas::table()[i].name);
    EXPECT_EQ(descriptions[i].kind, formulas::table()[i].kind) << descriptions[i].name;
  }
}

TEST(FormulaTable, EveryRowIsSaidInFull) {
  for (const FormulaDescription& row : builtin_formulas()) {
    EXPECT_FALSE(row.mathematics.empty()) << row.name;
    EXPECT_FALSE(row.source.empty()) << row.name;
    EXPECT_EQ(row.mathematics.find("the row says"), std::string::npos) << row.name << ": " << row.mathematics;
  }
}

TEST(FormulaTable, TakesInPlaceAndOverloadSpellings) {
  for (const char* op : {"aten::add", "aten::add_", "aten::add.Tensor", "aten::add_.Tensor", "aten::add.out"}) {
    EXPECT_EQ(described(op).name, "aten::add") << op;
  }
  EXPECT_EQ(described("aten::__ilshift__.Scalar").name, "aten::__ilshift__");
  for (const char* op : {"", "add", ".", "::", "aten::", "aten::no_such_operator", "aten::.add"}) {
    EXPECT_FALSE(find_builtin_formula(op).has_value()) << op;
  }
}

TEST(FormulaTable, NumbersOfARowMakeItsMathematics) {
  EXPECT_EQ(described("aten::silu").mathematics,
            "flops = 1 · outputs, transcendentals = 1 · outputs; if complex, flops = 6 · outputs, transcendentals = 2 · outputs");
  EXPECT_EQ(described("aten::exp").mathematics, "transcendentals = 1 · outputs");
  EXPECT_EQ(described("aten::mean").mathematics, "flops = 1 · inputs + 1 · results");
  EXPECT_EQ(described("aten::abs").mathematics,
            "flops = 1 · outputs; if complex, flops = 3 · outputs, transcendentals = 1 · outputs");
  EXPECT_EQ(described("aten::_conj_copy").mathematics, "flops = 0; if complex, flops = 1 · outputs");
  EXPECT_EQ(described("aten::reflection_pad1d_backward").mathematics, "flops = 1 · gradients; the input is not read");
  EXPECT_EQ(described("aten::mse_loss").mathematics, "per element: 2 flops, and the reduction");
}

TEST(FormulaTable, OtherFamiliesSayTheirs) {
  const FormulaDescription convolution = described("aten::convolution");
  EXPECT_EQ(convolution.mathematics, formulas::find_row("aten::convolution")->family->mathematics);
  EXPECT_TRUE(convolution.has_operand_dtype);
  EXPECT_FALSE(described("aten::add").has_operand_dtype);
  EXPECT_EQ(described("aten::adaptive_max_pool2d_backward").arithmetic, "the gradient is added where the maximum was");
}

TEST(FormulaTable, ZeroRowsSayWhatIsTouched) {
  EXPECT_EQ(described("aten::t").mathematics, "no arithmetic; nothing is touched");
  EXPECT_EQ(described("aten::cat").mathematics, "no arithmetic; bytes read and written");
  EXPECT_EQ(described("aten::zeros").mathematics, "no arithmetic; bytes written only");
  EXPECT_EQ(described("aten::empty").mathematics, "no arithmetic; no bytes");
}

TEST(FormulaTable, VerdictsInWords) {
  EXPECT_EQ(verdict_text(VerdictKind::kCounted, ZeroReason::kIgnored), "counted");
  EXPECT_EQ(verdict_text(VerdictKind::kZero, ZeroReason::kView), "zero: view");
  EXPECT_EQ(verdict_text(VerdictKind::kUnknown, ZeroReason::kIgnored), "unknown");
}

TEST(FormulaTable, BaseNames) {
  EXPECT_EQ(operator_base_name("aten::add_.Tensor"), "aten::add");
  EXPECT_EQ(operator_base_name("my.lib::op"), "my.lib::op");
  EXPECT_EQ(operator_base_name("aten::__and__.Scalar"), "aten::__and__");
}

}  // namespace
}  // namespace torchtally
