#include "cli/input_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace torchtally::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <typename T>
T parse_as(std::string_view text) {
  return std::get<T>(parse_input_spec(text).value.value);
}

std::string error_of(std::string_view text) {
  try {
    parse_input_spec(text);
  } catch (const InputSpecError& error) {
    return error.what();
  }
  return "no error";
}

TEST(InputSpec, ReadsShapes) {
  const auto image = parse_as<TensorSpec>("2x3x224x224");
  EXPECT_THAT(image.sizes, ElementsAre(2, 3, 224, 224));
  EXPECT_EQ(image.dtype, DType::kFloat32);
  EXPECT_FALSE(image.bound.has_value());
  EXPECT_THAT(parse_as<TensorSpec>("5").sizes, ElementsAre(5));
  EXPECT_THAT(parse_as<TensorSpec>("0x4").sizes, ElementsAre(0, 4));
}

TEST(InputSpec, ReadsTypesAndBounds) {
  const auto tokens = parse_as<TensorSpec>("1x128:int64<30522");
  EXPECT_THAT(tokens.sizes, ElementsAre(1, 128));
  EXPECT_EQ(tokens.dtype, DType::kInt64);
  EXPECT_EQ(tokens.bound, 30522);
  EXPECT_EQ(parse_as<TensorSpec>("1x8:bfloat16").dtype, DType::kBFloat16);
  EXPECT_EQ(parse_as<TensorSpec>("4:bool<2").bound, 2);
}

TEST(InputSpec, ReadsZeroDimensionalTensors) {
  EXPECT_THAT(parse_as<TensorSpec>("scalar").sizes, IsEmpty());
  const auto index = parse_as<TensorSpec>("scalar:int32<7");
  EXPECT_THAT(index.sizes, IsEmpty());
  EXPECT_EQ(index.dtype, DType::kInt32);
  EXPECT_EQ(index.bound, 7);
}

TEST(InputSpec, ReadsScalars) {
  EXPECT_EQ(parse_as<std::int64_t>("int=5"), 5);
  EXPECT_EQ(parse_as<std::int64_t>("int=-5"), -5);
  EXPECT_EQ(parse_as<double>("float=0.5"), 0.5);
  EXPECT_EQ(parse_as<double>("float=-1e-3"), -1e-3);
  EXPECT_TRUE(std::isinf(parse_as<double>("float=inf")));
  EXPECT_TRUE(parse_as<bool>("bool=true"));
  EXPECT_FALSE(parse_as<bool>("bool=false"));
  EXPECT_EQ(parse_as<std::string>("str=a, b]"), "a, b]") << "outside of brackets a string goes to the end";
  EXPECT_EQ(parse_as<std::string>("str="), "");
  EXPECT_NO_THROW(parse_as<NoneSpec>("none"));
  EXPECT_EQ(parse_as<FileSpec>("@dir/some file.pt").path, "dir/some file.pt");
}

TEST(InputSpec, ReadsLists) {
  const auto images = parse_as<ListSpec>("[3x320x320, 3x256x256]").items;
  ASSERT_EQ(images.size(), 2U);
  EXPECT_THAT(std::get<TensorSpec>(images[1].value).sizes, ElementsAre(3, 256, 256));
  EXPECT_THAT(parse_as<ListSpec>("[]").items, IsEmpty());
  EXPECT_THAT(parse_as<ListSpec>("[ ]").items, IsEmpty());
}

TEST(InputSpec, ReadsNestedTuplesListsAndDictionaries) {
  const auto outer = parse_as<TupleSpec>("(1x3,[int=1,int=2],{a=4:int64<2,b=(@x.pt,str=yes)},none)").items;
  ASSERT_EQ(outer.size(), 4U);
  EXPECT_EQ(std::get<std::int64_t>(std::get<ListSpec>(outer[1].value).items[1].value), 2);
  const auto& dict = std::get<DictSpec>(outer[2].value).items;
  ASSERT_EQ(dict.size(), 2U);
  EXPECT_EQ(dict[0].first, "a");
  EXPECT_EQ(std::get<TensorSpec>(dict[0].second.value).bound, 2);
  const auto& inner = std::get<TupleSpec>(dict[1].second.value).items;
  EXPECT_EQ(std::get<FileSpec>(inner[0].value).path, "x.pt");
  EXPECT_EQ(std::get<std::string>(inner[1].value), "yes");
}

TEST(InputSpec, ReadsTheNameOfAnArgument) {
  const InputSpec mask = parse_input_spec("mask=1x128:bool");
  EXPECT_EQ(mask.argument, "mask");
  EXPECT_THAT(std::get<TensorSpec>(mask.value.value).sizes, ElementsAre(1, 128));
  const InputSpec count = parse_input_spec("count=int=5");
  EXPECT_EQ(count.argument, "count");
  EXPECT_EQ(std::get<std::int64_t>(count.value.value), 5);
  EXPECT_EQ(parse_input_spec("int=5").argument, "");
}

TEST(InputSpec, KeepsTheTextForMessages) { EXPECT_EQ(parse_input_spec("1x3").text, "1x3"); }

TEST(InputSpec, SaysWhereAndWhatWasExpectedWithAnExample) {
  EXPECT_EQ(error_of("1x3xx224"), "--input '1x3xx224': expected a size at character 5, 'x224'\n  example: --input '1x3x224x224'");
  EXPECT_EQ(error_of("1x3x"), "--input '1x3x': expected a size at its end\n  example: --input '1x3x224x224'");
}

TEST(InputSpec, RefusesWhatIsNotInTheGrammar) {
  EXPECT_THAT(error_of(""), HasSubstr("expected a shape, a value or a bracket at its end"));
  EXPECT_THAT(error_of("-1x3"), HasSubstr("expected a shape"));
  EXPECT_THAT(error_of("1,3,224"), HasSubstr("expected nothing more at character 2"));
  EXPECT_THAT(error_of("1x99999999999999999999"), HasSubstr("expected an integer of 64 bits"));
  EXPECT_THAT(error_of("1x8:float8"),
              AllOf(HasSubstr("expected a type (float32, "), HasSubstr("example: --input '1x8:bfloat16'")));
  EXPECT_THAT(error_of("1x8:"), HasSubstr("expected a type"));
  EXPECT_THAT(error_of("1x8<5"), HasSubstr("only integers take one"));
  EXPECT_THAT(error_of("1x8:int64<"), HasSubstr("expected a bound at its end"));
  EXPECT_THAT(error_of("1x8:int64<0"), HasSubstr("expected a bound above 0"));
  EXPECT_THAT(error_of("int=five"), HasSubstr("expected an integer at character 5, 'five'"));
  EXPECT_THAT(error_of("int=5x"), HasSubstr("expected nothing more"));
  EXPECT_THAT(error_of("float=half"), HasSubstr("expected a number at character 7"));
  EXPECT_THAT(error_of("float="), HasSubstr("expected a number"));
  EXPECT_THAT(error_of("bool=maybe"), HasSubstr("expected true or false"));
  EXPECT_THAT(error_of("@"), HasSubstr("expected a file name"));
  EXPECT_THAT(error_of("nonesuch"), HasSubstr("expected a shape"));
  EXPECT_THAT(error_of("scalarx3"), HasSubstr("expected a shape"));
}

TEST(InputSpec, RefusesUnbalancedBrackets) {
  EXPECT_THAT(error_of("[1x3"), HasSubstr("expected ',' or ']' at its end"));
  EXPECT_THAT(error_of("[1x3)"), HasSubstr("expected ',' or ']' at character 5"));
  EXPECT_THAT(error_of("[1x3,"), HasSubstr("expected a shape"));
  EXPECT_THAT(error_of("(1x3,,1x3)"), HasSubstr("expected a shape"));
  EXPECT_THAT(error_of("[]]"), HasSubstr("expected nothing more"));
  EXPECT_THAT(error_of("{1x3}"), HasSubstr("expected key=value"));
  EXPECT_THAT(error_of("{a=1x3"), HasSubstr("expected ',' or '}'"));
  EXPECT_THAT(error_of(std::string(100'000, '[')), HasSubstr("expected fewer brackets"));
}

TEST(InputSpec, RefusesAKeyThatIsThereTwice) {
  EXPECT_THAT(error_of("{a=4x4,b=2,a=1}"), HasSubstr("expected each key once at character 12, 'a=1}'"));
  EXPECT_EQ(error_of("[{a=1},{a=1}]"), "no error");
  EXPECT_EQ(error_of("{a={a=1}}"), "no error");
}

}  // namespace
}  // namespace torchtally::cli
