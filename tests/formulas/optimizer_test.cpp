#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

using List = std::vector<CallBuilder::Shape>;
const List kParameters = {{4}, {3, 2}};  // 10 elements

// 10 elements. m: 3; v: 4; denominator: 2 and a sqrt; p: 3. Weight decay 2, amsgrad 1.
TEST(FusedAdam, Step) {
  const auto call = [](bool amsgrad, double decay) {
    CallBuilder step("aten::_fused_adam_");
    step.mutated_tensors("self", kParameters).mutated_tensors("grads", kParameters).mutated_tensors("exp_avgs", kParameters);
    step.mutated_tensors("exp_avg_sqs", kParameters).mutated_tensors("max_exp_avg_sqs", amsgrad ? kParameters : List{});
    step.tensors("state_steps", {{}, {}})
        .number("lr", 0.1)
        .number("beta1", 0.9)
        .number("beta2", 0.99)
        .number("weight_decay", decay);
    step.number("eps", 1e-8).flag("amsgrad", amsgrad).flag("maximize", false);
    return step.cost();
  };
  EXPECT_THAT(call(false, 0), Costs(0, 120, 10));
  EXPECT_THAT(call(true, 0.01), Costs(0, 150, 10));
  // Reads parameters, gradients, both averages (40 bytes each), two steps; writes all of them but the gradients.
  EXPECT_THAT(call(false, 0), Moves(160 + 8, 120));
}

// 10 elements. p -= lr g: 2. Momentum 3, but a copy at the first step; nesterov 2; weight decay 2; maximize 1.
TEST(FusedSgd, Step) {
  const auto cost = [](double momentum, bool nesterov, bool first, double decay, bool maximize) {
    CallBuilder step("aten::_fused_sgd_");
    step.mutated_tensors("self", kParameters)
        .mutated_tensors("grads", kParameters)
        .mutated_tensors("momentum_buffer_list", kParameters);
    step.number("weight_decay", decay).number("momentum", momentum).number("lr", 0.1).number("dampening", 0);
    return step.flag("nesterov", nesterov).flag("maximize", maximize).flag("is_first_step", first).cost();
  };
  EXPECT_THAT(cost(0, false, true, 0, false), Costs(0, 20, 0));
  EXPECT_THAT(cost(0.9, false, false, 0, false), Costs(0, 50, 0));
  EXPECT_THAT(cost(0.9, false, true, 0, false), Costs(0, 20, 0));
  EXPECT_THAT(cost(0.9, true, false, 0.1, true), Costs(0, 100, 0));
}

// 10 elements. s: 2; p: 4 and a sqrt; weight decay 2.
TEST(FusedAdagrad, Step) {
  CallBuilder step("aten::_fused_adagrad_");
  step.mutated_tensors("self", kParameters).mutated_tensors("grads", kParameters).mutated_tensors("state_sums", kParameters);
  step.number("weight_decay", 0.1).flag("maximize", false);
  EXPECT_THAT(step.cost(), Costs(0, 80, 10));
}

// 10 elements of 6 and a root; their scale is taken off the gradients, which are written then.
TEST(FusedAdagrad, ScaledGradients) {
  CallBuilder step("aten::_fused_adagrad_");
  step.mutated_tensors("self", kParameters).mutated_tensors("grads", kParameters).mutated_tensors("state_sums", kParameters);
  step.tensors("state_steps", {{}, {}}).number("weight_decay", 0).flag("maximize", false).tensor("grad_scale", {});
  EXPECT_THAT(step.cost(), Costs(0, 70, 10));
  EXPECT_THAT(step.cost(), Moves(120 + 8 + 4, 120));
}

// 10 elements times the inverse scale; what is found is a comparison.
TEST(GradScaler, Unscale) {
  CallBuilder call("aten::_amp_foreach_non_finite_check_and_unscale_");
  call.mutated_tensors("self", kParameters).mutated("found_inf", {}).tensor("inv_scale", {});
  EXPECT_THAT(call.cost(), Costs(0, 10, 0));
}

// 2 x 3 by 3 x 4, and 1 x 2 by 2 x 5: 24 and 10.
TEST(Foreach, MatrixProducts) {
  CallBuilder call("aten::_foreach_mm");
  call.tensors("self", {{2, 3}, {1, 2}}).tensors("mat2", {{3, 4}, {2, 5}}).returns_list({{2, 4}, {1, 5}});
  EXPECT_THAT(call.cost(), Costs(34, 0, 0));
}

// 10 elements: absolute value or square, addition; pow.
TEST(Foreach, PowerSums) {
  const auto cost = [](double order) {
    CallBuilder call("aten::_foreach_powsum", "Scalar");
    return call.tensors("self", kParameters).number("ord", order).returns_list({{}, {}}).cost();
  };
  EXPECT_THAT(cost(2), Costs(0, 20, 0));
  EXPECT_THAT(cost(1), Costs(0, 20, 0));
  EXPECT_THAT(cost(3), Costs(0, 20, 10));
}

// SGD with single operators: p.add_(g, alpha=-lr) on 10 elements is a product and an addition.
TEST(PlainSgd, Step) {
  CallBuilder step("aten::add_", "Tensor");
  step.mutated("self", {10}).tensor("other", {10}).number("alpha", -0.1).returns({10});
  EXPECT_THAT(step.cost(), Costs(0, 20, 0));
}

// Adam's first moment as lerp_: 3 per element.
TEST(PlainAdam, FirstMoment) {
  CallBuilder step("aten::lerp_", "Scalar");
  step.mutated("self", {10}).tensor("end", {10}).number("weight", 0.1).returns({10});
  EXPECT_THAT(step.cost(), Costs(0, 30, 0));
}

}  // namespace
}  // namespace torchtally
