// What formulas see of tensors that are more than sizes and strides: sparse, nested, packed, of several dtypes, with values.
#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/_nested_tensor_from_tensor_list.h>
#include <ATen/ops/add.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/quantize_per_tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "support.h"

namespace torchtally::testing {
namespace {

torch::jit::Stack call(const char* name, torch::jit::Stack stack) {
  c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(&stack);
  return stack;
}

// A diagonal of 64 stored elements, each of which meets a row of 32: not the 64·64·32 of dense matrices.
TEST(Layouts, SparseProductsCountWhatIsStored) {
  const at::Tensor diagonal = at::eye(64);
  const at::Tensor dense = at::ones({64, 32});
  const at::Tensor coo = diagonal.to_sparse();
  const at::Tensor csr = diagonal.to_sparse_csr();
  {
    const CountingGuard guard;
    at::mm(coo, dense);
    EXPECT_EQ(macs(guard), 64 * 32);
  }
  {
    const CountingGuard guard;
    at::mm(csr, dense);
    EXPECT_EQ(macs(guard), 64 * 32);
  }
}

// Parts (2, 3) x (3, 4) and (5, 3) x (3, 4).
TEST(Layouts, NestedProductsCountEachPart) {
  const at::Tensor left = at::_nested_tensor_from_tensor_list({at::ones({2, 3}), at::ones({5, 3})});
  const at::Tensor right = at::_nested_tensor_from_tensor_list({at::ones({3, 4}), at::ones({3, 4})});
  const CountingGuard guard;
  at::bmm(left, right);
  EXPECT_EQ(macs(guard), (2 + 5) * 3 * 4);
}

bool has_fbgemm() {
  for (const auto engine : at::Context::supportedQEngines()) {
    if (engine != at::QEngine::FBGEMM) continue;
    at::globalContext().setQEngine(at::QEngine::FBGEMM);
    return true;
  }
  return false;
}

// 4 rows of 16 floats, a weight of 8·16 that is kept in half precision and multiplied in single.
TEST(Layouts, AWeightPackedInHalfPrecision) {
  if (!has_fbgemm()) GTEST_SKIP() << "this LibTorch has no FBGEMM";
  const c10::IValue packed = call("quantized::linear_prepack_fp16", {at::ones({8, 16}), c10::IValue()}).at(0);
  const CountingGuard guard;
  call("quantized::linear_dynamic_fp16", {at::ones({4, 16}), packed});
  const Cost cost = cost_of(guard.tally(), "quantized::linear_dynamic_fp16");
  EXPECT_EQ(cost.macs, 4 * 16 * 8);
  EXPECT_EQ(cost.bytes_read, 4 * 16 * 4 + 8 * 16 * 2);
  EXPECT_EQ(guard.tally().by_dtype().at("float32").macs, 4 * 16 * 8);
}

// 1 image, 8 channels of 6·6 outputs, each a sum over 4 channels of 3·3.
TEST(Layouts, AQuantizedConvolutionIsCountedByItsPackedWeight) {
  if (!has_fbgemm()) GTEST_SKIP() << "this LibTorch has no FBGEMM";
  const at::Tensor x = at::quantize_per_tensor(at::ones({1, 4, 8, 8}), 0.1, 0, at::kQUInt8);
  const at::Tensor weight = at::quantize_per_tensor(at::ones({8, 4, 3, 3}), 0.1, 0, at::kQInt8);
  const c10::List<std::int64_t> one({1, 1});
  const c10::List<std::int64_t> none({0, 0});
  const c10::IValue packed = call("quantized::conv2d_prepack", {weight, c10::IValue(), one, none, one, std::int64_t{1}}).at(0);

  const CountingGuard guard;
  const c10::OperatorHandle conv = c10::Dispatcher::singleton().findSchemaOrThrow("quantized::conv2d", "new");
  torch::jit::Stack stack = {x, packed, 0.1, std::int64_t{0}};
  conv.callBoxed(&stack);
  EXPECT_EQ(macs(guard), 8 * 6 * 6 * 4 * 3 * 3);
  // A product of eight-bit integers, whatever it is added up in.
  auto by_dtype = guard.tally().by_dtype();
  EXPECT_EQ(by_dtype["qint8"].macs + by_dtype["quint8"].macs, macs(guard));
}

TEST(Layouts, DtypesAreKeptApartInOneOperator) {
  const at::Tensor x = at::ones({4, 4});
  const at::Tensor half = x.to(at::kBFloat16);
  const at::Tensor complex = x.to(at::kComplexFloat);
  const CountingGuard guard;
  for (int i = 0; i < 5; ++i) {  // also when calls are remembered
    at::mm(x, x);
    at::mm(half, half);
    at::mm(complex, complex);
  }
  auto by_dtype = guard.tally().by_dtype();
  EXPECT_EQ(by_dtype["float32"].macs, 5 * 64);
  EXPECT_EQ(by_dtype["bfloat16"].macs, 5 * 64);
  EXPECT_EQ(by_dtype["complex64"].macs, 5 * 4 * 64);
  EXPECT_EQ(guard.tally().total().macs, 5 * 6 * 64);
}

// A comparison yields truth values; its arithmetic is in what it compares.
TEST(Layouts, AnIndexOrTruthValueHasTheDtypeOfWhatItIsAbout) {
  const at::Tensor x = at::ones({4, 4});
  const CountingGuard guard;
  x.gt(0);
  x.view({16});
  auto by_dtype = guard.tally().by_dtype();
  EXPECT_EQ(by_dtype["float32"].calls, 1);
  EXPECT_EQ(by_dtype["none"].calls, 1);
  EXPECT_EQ(by_dtype.count("bool"), 0u);
}

}  // namespace
}  // namespace torchtally::testing
