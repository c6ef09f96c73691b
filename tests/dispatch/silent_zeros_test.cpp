// What torch.utils.flop_counter.FlopCounterMode counts as zero without saying so, counted: the arithmetic of each by hand.
#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addbmm.h>
#include <ATen/ops/addmv.h>
#include <ATen/ops/bilinear.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/fft_fft.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/quantize_per_tensor.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/version.h>
#if TORCH_VERSION_MAJOR >= 2
#include <ATen/ops/_int_mm.h>
#endif

#include <vector>

#include "support.h"

namespace torchtally::testing {
namespace {

template <typename Work>
Cost counted(const Work& work) {
  const at::NoGradGuard no_grad;
  const CountingGuard guard;
  work();
  EXPECT_TRUE(guard.tally().unknown_operators().empty());
  return guard.tally().total();
}

const at::Tensor kMatrix = at::ones({3, 5});
const at::Tensor kVector = at::ones({5});

TEST(SilentZeros, VectorProducts) {
  EXPECT_EQ(counted([] { at::mv(kMatrix, kVector); }).macs, 15);
  EXPECT_EQ(counted([] { at::dot(kVector, kVector); }).macs, 5);
  EXPECT_EQ(counted([] { at::addmv(at::ones({3}), kMatrix, kVector); }).macs, 15);
}

// 2 products of 3x5 and 5x4.
TEST(SilentZeros, AddedBatchedProduct) {
  EXPECT_EQ(counted([] { at::addbmm(at::ones({3, 4}), at::ones({2, 3, 5}), at::ones({2, 5, 4})); }).macs, 120);
}

// 8 rows of 32 features, 16 forms of 32 x 48: x1 W is 8·16·32·48, that times x2 8·16·48.
TEST(SilentZeros, Bilinear) {
  EXPECT_EQ(counted([] { at::bilinear(at::ones({8, 32}), at::ones({8, 48}), at::ones({16, 32, 48}), {}); }).macs, 202752);
}

// 4 x 6 pairs of 5 coordinates: subtraction, square, addition.
TEST(SilentZeros, Distances) {
  EXPECT_EQ(counted([] { at::cdist(at::ones({4, 5}), at::ones({6, 5})); }).flops, 4 * 6 * 5 * 3);
}

// 5 n log2 n for n = 8.
TEST(SilentZeros, FourierTransform) {
  EXPECT_EQ(counted([] { at::fft_fft(at::ones({8}, at::kComplexFloat)); }).flops, 5 * 8 * 3);
}

// n^3/3 + n^2/2 + n/6 for n = 6: multiplications, divisions and additions of potrf. And n square roots.
TEST(SilentZeros, Cholesky) {
  const Cost cost = counted([] { at::linalg_cholesky(at::eye(6)); });
  EXPECT_EQ(cost.flops, 72 + 18 + 1);
  EXPECT_EQ(cost.transcendentals, 6);
  EXPECT_EQ(cost.macs, 0);
}

// 7 steps of a batch of 5: four gates of 8 features from 3 inputs and 8 states.
TEST(SilentZeros, Lstm) {
  const std::vector<at::Tensor> weights = {at::ones({32, 3}), at::ones({32, 8}), at::ones({32}), at::ones({32})};
  const std::vector<at::Tensor> states = {at::zeros({1, 5, 8}), at::zeros({1, 5, 8})};
  EXPECT_EQ(counted([&] {
              at::lstm(at::ones({7, 5, 3}), states, weights, true, 1, 0.0, false, false, false);
            }).macs,
            7 * 5 * 32 * (3 + 8));
}

#if TORCH_VERSION_MAJOR >= 2
TEST(SilentZeros, IntegerProduct) {
  const at::Tensor a = at::ones({32, 16}, at::kChar);
  const at::Tensor b = at::ones({16, 8}, at::kChar);
  EXPECT_EQ(counted([&] { at::_int_mm(a, b); }).macs, 32 * 16 * 8);
}
#endif

// 4 rows, 16 to 8 features, the weight packed.
TEST(SilentZeros, DynamicallyQuantizedLinear) {
  bool has_engine = false;
  for (const auto engine : at::Context::supportedQEngines()) has_engine = has_engine || engine == at::QEngine::FBGEMM;
  if (!has_engine) GTEST_SKIP() << "this LibTorch has no FBGEMM";
  at::globalContext().setQEngine(at::QEngine::FBGEMM);
  const at::Tensor weight = at::quantize_per_tensor(at::ones({8, 16}), 0.1, 0, at::kQInt8);
  torch::jit::Stack packed = {weight, c10::IValue()};
  c10::Dispatcher::singleton().findSchemaOrThrow("quantized::linear_prepack", "").callBoxed(&packed);
  const auto linear = c10::Dispatcher::singleton().findSchemaOrThrow("quantized::linear_dynamic", "");
  torch::jit::Stack stack = {at::rand({4, 16}), packed.at(0), false};
  const Cost cost = counted([&] { linear.callBoxed(&stack); });
  EXPECT_EQ(cost.macs, 4 * 16 * 8);
  EXPECT_GE(cost.bytes_read, 4 * 16 * 4 + 8 * 16);  // the packed weight is read
}

}  // namespace
}  // namespace torchtally::testing
