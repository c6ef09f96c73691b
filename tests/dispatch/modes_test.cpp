// Each leaf once, whatever lies between the caller and the kernel: autograd, inference mode, autocast, vmap.
#include <ATen/functorch/BatchedTensorImpl.h>
#include <ATen/functorch/DynamicLayer.h>
#include <ATen/ops/linear.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <torch/version.h>

#include "support.h"

namespace torchtally::testing {
namespace {

// (2, 3) x (4, 3)^T + (4): 2·4·3 = 24 MACs.
constexpr std::int64_t kLinearMacs = 24;

class Modes : public ::testing::Test {
 protected:
  at::Tensor linear() const { return at::linear(x, weight, bias); }

  at::Tensor x = at::ones({2, 3});
  at::Tensor weight = at::ones({4, 3}).requires_grad_();
  at::Tensor bias = at::ones({4}).requires_grad_();
};

TEST_F(Modes, Gradients) {
  CountingGuard guard;
  linear();
  const Tally tally = guard.tally();
  const Cost cost = tally.by_operator().at("aten::addmm");
  EXPECT_EQ(cost.calls, 1);
  EXPECT_EQ(cost.macs, kLinearMacs);
  EXPECT_EQ(cost.flops, 2 * kLinearMacs + 8);  // the bias is added to 2·4 elements
  EXPECT_EQ(tally.total().macs, kLinearMacs);
  EXPECT_EQ(calls_of(tally, "aten::linear"), 0);  // composite: its parts are counted
}

TEST_F(Modes, NoGradients) {
  const at::NoGradGuard no_grad;
  CountingGuard guard;
  linear();
  EXPECT_EQ(calls_of(guard.tally(), "aten::addmm"), 1);
  EXPECT_EQ(macs(guard), kLinearMacs);
}

TEST_F(Modes, Inference) {
  const c10::InferenceMode inference;
  CountingGuard guard;
  linear();
  EXPECT_EQ(calls_of(guard.tally(), "aten::addmm"), 1);
  EXPECT_EQ(macs(guard), kLinearMacs);
}

TEST_F(Modes, AutocastIsCountedOnceWithTheTypesThatRun) {
  const Autocast autocast;
  CountingGuard guard;
  const at::Tensor y = linear();
  ASSERT_EQ(y.scalar_type(), at::kBFloat16);
  const Tally tally = guard.tally();
  const Cost cost = tally.by_operator().at("aten::addmm");
  EXPECT_EQ(cost.calls, 1);
  EXPECT_EQ(cost.macs, kLinearMacs);
  // Two bytes for each of 4 + 2·3 + 3·4 elements read and 2·4 written.
  EXPECT_EQ(cost.bytes_read, 44);
  EXPECT_EQ(cost.bytes_written, 16);
  EXPECT_EQ(tally.total().macs, kLinearMacs);
  EXPECT_EQ(calls_of(tally, "aten::_to_copy"), 3);  // x, weight, bias become bfloat16
}

TEST_F(Modes, BackwardWithoutTheGradientOfTheInput) {
  const at::Tensor loss = linear().sum();
  CountingGuard guard;
  loss.backward();
  // The weight's: (4, 2) x (2, 3).
  EXPECT_EQ(macs(guard), 24);
  EXPECT_EQ(calls_of(guard.tally(), "aten::mm"), 1);
}

TEST_F(Modes, ForwardAndBackward) {
  x.requires_grad_();
  CountingGuard guard;
  linear().sum().backward();
  // Forward 24, the weight's gradient (4, 2) x (2, 3) = 24, the input's (2, 4) x (4, 3) = 24.
  const Tally tally = guard.tally();
  EXPECT_EQ(tally.total().macs, 72);
  EXPECT_EQ(tally.by_operator().at("aten::addmm").macs, 24);
  EXPECT_EQ(tally.by_operator().at("aten::mm").macs, 48);
  EXPECT_TRUE(tally.unknown_operators().empty()) << tally.unknown_operators().begin()->first;
}

TEST_F(Modes, BackwardOfAForwardThatWasNotCounted) {
  x.requires_grad_();
  at::Tensor loss;
  CountingGuard guard;
  {
    PauseCounting pause;
    loss = linear().sum();
  }
  EXPECT_EQ(macs(guard), 0);
  loss.backward();
  EXPECT_EQ(macs(guard), 48);
}

// The level is taken off again also where an assertion fails.
class Vmap {
 public:
  explicit Vmap(std::int64_t batch)
      : level_(at::functorch::initAndPushDynamicLayer(at::functorch::TransformType::Vmap, batch,
                                                      at::functorch::RandomnessType::Error)) {}
  ~Vmap() { at::functorch::popDynamicLayerAndDeleteMetadata(); }
  Vmap(const Vmap&) = delete;
  Vmap& operator=(const Vmap&) = delete;

  at::Tensor batched(const at::Tensor& tensor) const { return at::functorch::makeBatched(tensor, 0, level_); }

 private:
  std::int64_t level_;
};

TEST_F(Modes, VmapIsCountedOnceWithTheShapesThatRun) {
  const at::Tensor stack = at::ones({5, 2, 3});
  const at::Tensor right = at::ones({3, 4});
  CountingGuard guard;
  {
    const Vmap vmap(5);
    at::mm(vmap.batched(stack), right);
  }
  // Five products of 2·3·4 MACs, in whatever operator batches them.
  EXPECT_EQ(macs(guard), 120);
}

TEST_F(Modes, VmapOfALinearLayer) {
  const at::NoGradGuard no_grad;
  const at::Tensor stack = at::ones({5, 2, 3});
  CountingGuard guard;
  {
    const Vmap vmap(5);
    at::linear(vmap.batched(stack), weight, bias);
  }
  EXPECT_EQ(macs(guard), 5 * kLinearMacs);
}

}  // namespace
}  // namespace torchtally::testing
