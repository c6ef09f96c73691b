#include "torchtally/dtype.h"

#include <gtest/gtest.h>

namespace torchtally {
namespace {

TEST(DType, ElementSizes) {
  EXPECT_EQ(element_size(DType::kBool), 1);
  EXPECT_EQ(element_size(DType::kInt8), 1);
  EXPECT_EQ(element_size(DType::kFloat8E5M2), 1);
  EXPECT_EQ(element_size(DType::kFloat4E2M1FNx2), 1);
  EXPECT_EQ(element_size(DType::kBFloat16), 2);
  EXPECT_EQ(element_size(DType::kFloat16), 2);
  EXPECT_EQ(element_size(DType::kFloat32), 4);
  EXPECT_EQ(element_size(DType::kComplex32), 4);
  EXPECT_EQ(element_size(DType::kInt64), 8);
  EXPECT_EQ(element_size(DType::kComplex64), 8);
  EXPECT_EQ(element_size(DType::kComplex128), 16);
  EXPECT_EQ(element_size(DType::kUndefined), 0);
}

TEST(DType, NamesAsPyTorchSpellsThem) {
  EXPECT_EQ(dtype_name(DType::kFloat32), "float32");
  EXPECT_EQ(dtype_name(DType::kBFloat16), "bfloat16");
  EXPECT_EQ(dtype_name(DType::kInt64), "int64");
  EXPECT_EQ(dtype_name(DType::kBool), "bool");
  EXPECT_EQ(dtype_name(DType::kComplex64), "complex64");
  EXPECT_EQ(dtype_name(DType::kFloat8E4M3FN), "float8_e4m3fn");
}

TEST(DType, NamesAreReadBack) {
  for (int number = 0; number < 46; ++number) {
    const auto dtype = static_cast<DType>(number);
    EXPECT_EQ(dtype_from_name(dtype_name(dtype)), dtype) << number;
  }
  EXPECT_EQ(dtype_from_name("undefined"), DType::kUndefined);
  EXPECT_EQ(dtype_from_name("float31"), std::nullopt);
}

TEST(DType, Complex) {
  EXPECT_TRUE(is_complex(DType::kComplex32));
  EXPECT_TRUE(is_complex(DType::kComplex128));
  EXPECT_FALSE(is_complex(DType::kFloat64));
  EXPECT_FALSE(is_complex(DType::kBool));
}

}  // namespace
}  // namespace torchtally
