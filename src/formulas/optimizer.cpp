// Fused optimizer steps: every argument is a list with one tensor per parameter. Counted per element of the parameters.
// Weight decay (a product, an addition or subtraction), maximize (a sign change), gradients that are scaled (a division) only
// where they are on.
#include <string_view>

#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

int optional_flops(const OpCall& call) {
  return (call.argument("weight_decay").to_float() != 0 ? 2 : 0) + (call.argument("maximize").to_bool() ? 1 : 0) +
         (call.tensor("grad_scale").defined() ? 1 : 0);
}

// All lists are written but the gradients, the second: these are only read, unless their scale is taken off.
void leave_gradients_unwritten(const OpCall& call, Cost& cost) {
  if (call.tensor("grad_scale").defined() || cost.bytes_written.saturated()) return;
  cost.bytes_written = cost.bytes_written - call.argument(1).bytes();
}

// m += (1 - b1) (g - m) is 3; v = b2 v + (1 - b2) g g is 4; sqrt(v) / c2 + eps is 2 and a sqrt; p -= s m / that is 3. amsgrad: a
// maximum.
void count_fused_adam(const OpCall& call, const Row&, Cost& cost) {
  const Count n = call.argument(std::size_t{0}).stored();
  const int amsgrad = call.argument("amsgrad").to_bool() ? 1 : 0;
  add_work(cost, n, {12 + amsgrad + optional_flops(call), 1});
  leave_gradients_unwritten(call, cost);
}

// p -= lr d is 2. Momentum: b = m b + (1 - dampening) g is 3, but a copy at the first step; nesterov: d = g + m b is 2.
void count_fused_sgd(const OpCall& call, const Row&, Cost& cost) {
  const Count n = call.argument(std::size_t{0}).stored();
  const bool momentum = call.argument("momentum").to_float() != 0;
  int flops = 2 + optional_flops(call);
  if (momentum && !call.argument("is_first_step").to_bool()) flops += 3;
  if (momentum && call.argument("nesterov").to_bool()) flops += 2;
  add_work(cost, n, {flops, 0});
  leave_gradients_unwritten(call, cost);
}

// s += g g is 2; p -= lr g / (sqrt(s) + eps) is 4 and a sqrt.
void count_fused_adagrad(const OpCall& call, const Row&, Cost& cost) {
  add_work(cost, call.argument(std::size_t{0}).stored(), {6 + optional_flops(call), 1});
  leave_gradients_unwritten(call, cost);
}

constexpr std::string_view kSource = "aten/src/ATen/native/cpu/Fused*Kernel.cpp: the kernels' arithmetic";

}  // namespace

const Family fused_adam = {
    count_fused_adam, "per parameter: 12 flops and a root; amsgrad 1, weight decay 2, maximize 1, scaled gradients 1", kSource};
const Family fused_sgd = {count_fused_sgd,
                          "per parameter: 2; momentum 3 after the first step, nesterov 2, weight decay 2, maximize 1, scaled "
                          "gradients 1",
                          kSource};
const Family fused_adagrad = {count_fused_adagrad,
                              "per parameter: 6 flops and a root; weight decay 2, maximize 1, scaled gradients 1", kSource};

}  // namespace torchtally::formulas
