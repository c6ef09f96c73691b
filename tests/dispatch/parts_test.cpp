// Fused operators against the products that they are made of: without a formula, an operator's parts are counted in its stead.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_matrix_exp.h>
#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support.h"
#include "torchtally/formula.h"

namespace torchtally::testing {
namespace {

using Stack = torch::jit::Stack;

// Products of matrices alone, and nothing else: whatever an operator calls of them comes by.
FormulaSet products_alone() {
  const auto product = [](std::size_t left, std::size_t right) {
    return
        [left, right](const OpCall& call, Cost& cost) { cost.add_macs(call.tensor(left).numel() * call.tensor(right).size(-1)); };
  };
  auto formulas = FormulaSet::empty();
  for (const auto* op : {"aten::mm", "aten::bmm"}) formulas.set(op, product(0, 1));
  for (const auto* op : {"aten::addmm", "aten::_addmm_activation", "aten::baddbmm"}) formulas.set(op, product(1, 2));
  return formulas;
}

void expect_parts(const std::string& op, const std::function<void()>& call) {
  const c10::NoGradGuard no_grad;
  std::int64_t whole = 0;
  {
    CountingGuard guard;
    call();
    whole = cost_of(guard.tally(), op).macs;
  }
  CountingGuard guard(products_alone());
  call();
  EXPECT_GT(whole, 0) << op;
  EXPECT_EQ(whole, macs(guard)) << op;
}

void call_boxed(const std::string& op, Stack stack) {
  c10::Dispatcher::singleton().findSchemaOrThrow(op.c_str(), "").callBoxed(&stack);
}

constexpr std::int64_t kWidth = 8, kHeads = 2, kHidden = 16;

struct Weights {
  at::Tensor qkv = at::randn({3 * kWidth, kWidth}), qkv_bias = at::randn({3 * kWidth});
  at::Tensor out = at::randn({kWidth, kWidth}), out_bias = at::randn({kWidth});
};

void push(Stack& stack, const Weights& weights) {
  for (const auto& tensor : {weights.qkv, weights.qkv_bias, weights.out, weights.out_bias}) stack.emplace_back(tensor);
}

void push_feed_forward(Stack& stack) {
  stack.insert(stack.end(), {true, false, 1e-5});  // gelu, norms afterwards
  for (int norm = 0; norm < 4; ++norm) stack.emplace_back(at::randn({kWidth}));
  stack.emplace_back(at::randn({kHidden, kWidth}));
  stack.emplace_back(at::randn({kHidden}));
  stack.emplace_back(at::randn({kWidth, kHidden}));
  stack.emplace_back(at::randn({kWidth}));
}

TEST(Parts, MultiHeadAttention) {
  for (const bool itself : {true, false}) {
    const auto tokens = at::randn({3, 5, kWidth});
    const auto keys = itself ? tokens : at::randn({3, 5, kWidth});
    expect_parts("aten::_native_multi_head_attention", [&] {
      Stack stack = {tokens, keys, keys, kWidth, kHeads};
      push(stack, Weights());
      stack.insert(stack.end(), {c10::IValue(), true, true, c10::IValue()});
      call_boxed("aten::_native_multi_head_attention", std::move(stack));
    });
  }
}

TEST(Parts, TransformerEncoderLayer) {
  expect_parts("aten::_transformer_encoder_layer_fwd", [] {
    Stack stack = {at::randn({3, 5, kWidth}), kWidth, kHeads};
    push(stack, Weights());
    push_feed_forward(stack);
    stack.insert(stack.end(), {c10::IValue(), c10::IValue()});
    call_boxed("aten::_transformer_encoder_layer_fwd", std::move(stack));
  });
}

#if TORCH_VERSION_MAJOR < 2
// One more token after seven, whose keys and values are there.
std::vector<c10::IValue> saved_keys() {
  return {at::randn({3, kHeads, 7, kWidth / kHeads}), at::randn({3, kHeads, 7, kWidth / kHeads})};
}

TEST(Parts, DecoderOnly) {
  for (const bool saved : {true, false}) {
    const std::vector<c10::IValue> keys = saved ? saved_keys() : std::vector<c10::IValue>(2);
    const auto token = at::randn({3, 1, kWidth});
    expect_parts("aten::_native_decoder_only_multi_head_attention", [&] {
      Stack stack = {token, token, token, kWidth, kHeads};
      push(stack, Weights());
      stack.insert(stack.end(), {c10::IValue(), keys[0], keys[1], true, true});
      call_boxed("aten::_native_decoder_only_multi_head_attention", std::move(stack));
    });
  }
  expect_parts("aten::_transformer_decoder_only_layer_fwd", [] {
    Stack stack = {at::randn({3, 1, kWidth}), kWidth, kHeads};
    push(stack, Weights());
    push_feed_forward(stack);
    stack.emplace_back();
    for (auto& keys : saved_keys()) stack.push_back(std::move(keys));
    call_boxed("aten::_transformer_decoder_only_layer_fwd", std::move(stack));
  });
}
#endif

// Of so many points as one product.
TEST(Parts, Cdist) {
  expect_parts("aten::_euclidean_dist", [] { at::cdist(at::randn({2, 30, 5}), at::randn({2, 40, 5})); });
}

// A norm that asks for the polynomial of degree 18, and for no squaring.
TEST(Parts, MatrixExp) {
  expect_parts("aten::linalg_matrix_exp", [] { at::linalg_matrix_exp(at::full({6, 6}, 0.3)); });
}

}  // namespace
}  // namespace torchtally::testing
