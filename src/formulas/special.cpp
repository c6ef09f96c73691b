// Special functions whose work depends on an argument.
#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// (x, degree). The recurrence from degree 1 on, row.each.flops per step, row.result.flops for degree 1. What the values decide is
// not seen: between -1 and 1 some kernels take a closed form for degrees above 6 or 8. Degrees in a tensor are not read: one
// transcendental per element then.
void count_polynomial(const OpCall& call, const Row& row, Cost& cost) {
  const Argument& degree = call.argument(1);
  const bool known = degree.kind() == Argument::Kind::kInt || degree.kind() == Argument::Kind::kFloat;
  if (!known) {
    cost.transcendentals += cost.activations;
    return;
  }
  const double n = degree.to_float();
  if (!(n >= 1)) return;
  const Count steps = n < 1e9 ? Count(static_cast<std::int64_t>(n) - 1) : Count(Count::kMax);
  cost.flops += cost.activations * (steps * row.each.flops + row.result.flops);
}

// (x, dimensions)
void count_multivariate_log_gamma(const OpCall& call, const Row&, Cost& cost) {
  const Count p = call.argument(1).to_int();
  cost.flops += cost.activations * (p * 2 + 1);
  cost.transcendentals += cost.activations * p;
}

}  // namespace

const Family polynomial = {
    count_polynomial,
    "flops = outputs · (degree 1 + steps · (degree - 1)), as the row says; transcendentals = outputs if the degrees are a tensor",
    "aten/src/ATen/native/Math.h: the three-term recurrence as it is written"};
const Family multivariate_log_gamma = {
    count_multivariate_log_gamma, "transcendentals = p · outputs, flops = (2p + 1) · outputs",
    "aten/src/ATen/native/UnaryOps.cpp, mvlgamma: x less j / 2, p log-gammas added, a constant"};

}  // namespace torchtally::formulas
