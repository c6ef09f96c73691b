#include "torchtally/op_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace torchtally {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::array<std::int64_t, 3> kSizes = {2, 3, 4};
constexpr std::array<std::int64_t, 3> kStrides = {12, 4, 1};
constexpr std::array<std::int64_t, 3> kExpanded = {0, 4, 1};

TensorView dense() { return {kSizes.data(), kStrides.data(), 3, DType::kFloat32}; }
TensorView expanded() { return {kSizes.data(), kExpanded.data(), 3, DType::kFloat16, DeviceType::kCuda}; }

TEST(TensorView, Sizes) {
  const TensorView tensor = dense();
  EXPECT_TRUE(tensor.defined());
  EXPECT_EQ(tensor.dim(), 3);
  EXPECT_EQ(tensor.size(0), 2);
  EXPECT_EQ(tensor.size(-1), 4);
  EXPECT_EQ(tensor.size(3), 0);
  EXPECT_EQ(tensor.size(-4), 0);
  EXPECT_EQ(tensor.numel(), 24);
  EXPECT_THAT(tensor.sizes(), ElementsAre(2, 3, 4));
}

TEST(TensorView, ExpandedDimensionsAreInMemoryOnce) {
  EXPECT_EQ(expanded().numel(), 24);
  EXPECT_EQ(expanded().distinct_elements(), 12);
  EXPECT_EQ(expanded().bytes(), 24);
  EXPECT_EQ(expanded().device(), DeviceType::kCuda);
  EXPECT_EQ(dense().bytes(), 96);
}

TEST(TensorView, WithoutStridesEveryElementCounts) {
  const TensorView tensor(kSizes.data(), nullptr, 3, DType::kFloat32);
  EXPECT_EQ(tensor.distinct_elements(), 24);
  EXPECT_THAT(tensor.strides(), IsEmpty());
}

TEST(TensorView, ScalarHasOneElementUndefinedNone) {
  EXPECT_EQ(TensorView(kSizes.data(), kStrides.data(), 0, DType::kFloat64).numel(), 1);
  EXPECT_EQ(TensorView(kSizes.data(), kStrides.data(), 0, DType::kFloat64).bytes(), 8);
  EXPECT_FALSE(TensorView().defined());
  EXPECT_EQ(TensorView().numel(), 0);
  EXPECT_EQ(TensorView().bytes(), 0);
}

TEST(TensorView, HugeSizesSaturate) {
  const std::array<std::int64_t, 3> huge = {1 << 30, 1 << 30, 1 << 30};
  EXPECT_TRUE(TensorView(huge.data(), nullptr, 3, DType::kFloat32).numel().saturated());
}

TEST(Argument, AnswersNeutrallyWhereItIsOfAnotherKind) {
  const Argument number(2.5);
  EXPECT_FALSE(number.tensor().defined());
  EXPECT_THAT(number.tensors(), IsEmpty());
  EXPECT_THAT(number.ints(), IsEmpty());
  EXPECT_EQ(number.to_int(7), 7);
  EXPECT_EQ(number.string(), "");
  EXPECT_DOUBLE_EQ(number.to_float(), 2.5);

  EXPECT_TRUE(Argument().is_none());
  EXPECT_TRUE(Argument(TensorView()).is_none());
  EXPECT_DOUBLE_EQ(Argument::other().to_float(1), 1);
}

TEST(Argument, NumbersConvert) {
  EXPECT_DOUBLE_EQ(Argument(std::int64_t{3}).to_float(), 3);
  EXPECT_EQ(Argument(true).to_int(), 1);
  EXPECT_TRUE(Argument(std::int64_t{2}).to_bool());
  EXPECT_FALSE(Argument(false).to_bool(true));
}

TEST(Argument, ATensorIsAListOfOne) {
  ASSERT_EQ(Argument(dense()).tensors().size(), 1);
  EXPECT_EQ(Argument(dense()).tensors()[0].numel(), 24);
}

// A missing one, 24 elements of 2 bytes of which half are there, 24 of 4 bytes.
TEST(Argument, SumsOverItsTensors) {
  const std::array list = {TensorView(), expanded(), dense()};
  const Argument argument(absl::MakeConstSpan(list));
  EXPECT_EQ(argument.stored(), 48);
  EXPECT_EQ(argument.bytes(), 24 + 96);
  EXPECT_EQ(argument.dtype(), DType::kFloat16);
  EXPECT_EQ(Argument(dense()).dtype(), DType::kFloat32);
  EXPECT_EQ(Argument(std::int64_t{2}).stored(), 0);
  EXPECT_EQ(Argument(std::int64_t{2}).dtype(), DType::kUndefined);
}

constexpr OpSchema::Parameter parameter(std::string_view name, bool is_out = false, bool is_mutated = false) {
  OpSchema::Parameter p;
  p.name = name;
  p.is_out = is_out;
  p.is_mutated = is_mutated;
  return p;
}

TEST(OpCall, ArgumentsByIndexAndName) {
  const std::array parameters = {parameter("self"), parameter("alpha")};
  const OpSchema schema{"aten::add", "Tensor", parameters};
  const std::array arguments = {Argument(dense()), Argument(std::int64_t{3})};
  const std::array results = {Argument(dense())};
  const OpCall call(schema, arguments, results);
  EXPECT_EQ(call.name(), "aten::add");
  EXPECT_EQ(call.overload(), "Tensor");
  EXPECT_EQ(call.tensor("self").numel(), 24);
  EXPECT_EQ(call.argument("alpha").to_int(), 3);
  EXPECT_EQ(call.argument(1).to_int(), 3);
  EXPECT_TRUE(call.argument("beta").is_none());
  EXPECT_TRUE(call.argument(9).is_none());
  EXPECT_EQ(call.output().numel(), 24);
  EXPECT_FALSE(call.output(1).defined());
}

// self 96 bytes, other 24 (expanded, half precision); out is written only.
TEST(OpCall, OutArgumentsAreNotRead) {
  const std::array parameters = {parameter("self"), parameter("other"), parameter("out", true)};
  const OpSchema schema{"aten::add", "out", parameters};
  const std::array arguments = {Argument(dense()), Argument(expanded()), Argument(dense())};
  const std::array results = {Argument(dense())};
  const OpCall call(schema, arguments, results);
  EXPECT_EQ(call.traffic().bytes_read, 120);
  EXPECT_EQ(call.traffic().bytes_written, 96);
  EXPECT_EQ(call.traffic().elements_written, 24);
}

// Nothing is returned: the mutated list is the output, read and written.
TEST(OpCall, MutatedArgumentsAreTheOutputsOfAnOperatorThatReturnsNothing) {
  const std::array list = {dense(), dense()};
  const std::array parameters = {parameter("self", false, true), parameter("other")};
  const OpSchema schema{"aten::_foreach_add_", "List", parameters};
  const std::array arguments = {Argument(absl::MakeConstSpan(list)), Argument(absl::MakeConstSpan(list))};
  const OpCall call(schema, arguments, {});
  EXPECT_EQ(call.traffic().bytes_read, 4 * 96);
  EXPECT_EQ(call.traffic().bytes_written, 2 * 96);
  EXPECT_EQ(call.traffic().elements_written, 48);
}

}  // namespace
}  // namespace torchtally
