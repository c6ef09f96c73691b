// No built-in formula tells two numbers apart that lie between the same two integers (src/dispatch/imprint.h relies on it): every
// operator of this LibTorch, by its schema, with numbers that are so and tensors of one size.
#include <ATen/core/dispatch/Dispatcher.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "torchtally/formula.h"

namespace torchtally {
namespace {

constexpr std::array<std::int64_t, 3> kSizes = {2, 4, 4};
constexpr std::array<std::int64_t, 3> kStrides = {16, 4, 1};
constexpr std::array<std::int64_t, 1> kInts = {1};
const TensorView kTensor(kSizes.data(), kStrides.data(), kSizes.size(), DType::kFloat32, DeviceType::kCpu, {32, true});
const std::array<TensorView, 2> kTensors = {kTensor, kTensor};

Argument argument_of(const c10::Type& type, double number) {
  switch (type.kind()) {
    case c10::TypeKind::TensorType:
      return Argument(kTensor);
    case c10::TypeKind::FloatType:
    case c10::TypeKind::NumberType:
      return Argument(number);
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      return Argument(std::int64_t{1});
    case c10::TypeKind::BoolType:
      return Argument(true);
    case c10::TypeKind::StringType:
      return Argument(std::string_view());
    case c10::TypeKind::OptionalType:
      return argument_of(*type.containedType(0), number);
    case c10::TypeKind::ListType:
      return type.containedType(0)->kind() == c10::TypeKind::TensorType ? Argument(absl::MakeConstSpan(kTensors))
                                                                        : Argument(absl::MakeConstSpan(kInts));
    default:
      return Argument::other();
  }
}

bool takes_number(const c10::FunctionSchema& schema) {
  for (const c10::Argument& argument : schema.arguments()) {
    const c10::Type* type = argument.real_type().get();
    if (type->kind() == c10::TypeKind::OptionalType) type = type->containedType(0).get();
    if (type->kind() == c10::TypeKind::FloatType || type->kind() == c10::TypeKind::NumberType) return true;
  }
  return false;
}

Cost cost_with(const c10::FunctionSchema& schema, const Verdict& verdict, double number) {
  std::vector<OpSchema::Parameter> parameters;
  std::vector<Argument> arguments;
  for (const c10::Argument& argument : schema.arguments()) {
    parameters.push_back({argument.name()});
    arguments.push_back(argument_of(*argument.real_type(), number));
  }
  std::vector<Argument> results;
  for (const c10::Argument& result : schema.returns()) results.push_back(argument_of(*result.real_type(), number));
  return verdict.cost_of(OpCall({schema.name(), schema.overload_name(), parameters}, arguments, results));
}

TEST(NumbersAlike, CostTheSame) {
  const FormulaSet formulas = FormulaSet::builtin();
  constexpr std::array<std::pair<double, double>, 6> kAlike = {
      {{0.001, 0.5}, {-0.25, -0.75}, {1.5, 1.25}, {2.5, 2.125}, {-1.5, -1.75}, {1e6 + 0.5, 1e6 + 0.25}}};
  int with_numbers = 0;
  int told_apart = 0;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    const auto op = c10::Dispatcher::singleton().findSchema(name);
    if (!op.has_value() || !takes_number(op->schema())) continue;
    const Verdict verdict = formulas.verdict(name.name, name.overload_name);
    if (verdict.kind != VerdictKind::kCounted) continue;
    ++with_numbers;
    for (const auto& [a, b] : kAlike) {
      EXPECT_EQ(cost_with(op->schema(), verdict, a), cost_with(op->schema(), verdict, b))
          << name << " with " << a << " and " << b;
    }
    told_apart += cost_with(op->schema(), verdict, 0.5) == cost_with(op->schema(), verdict, 1) ? 0 : 1;
  }
  EXPECT_GT(with_numbers, 100);
  EXPECT_GT(told_apart, 10);  // or else the numbers would not reach the formulas
}

}  // namespace
}  // namespace torchtally
