#include <cstdint>
#include <numeric>

#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// row.each.flops: spatial dimensions. A window of k elements takes k - 1 maxima, at the border too.
void count_max_pool(const OpCall& call, const Row& row, Cost& cost) {
  const Count window = window_size(call.argument(1), row.each.flops);
  cost.flops += call.output().numel() * (window > 0 ? window - 1 : 0);
}

// row.each.flops: spatial dimensions. An addition per element of the window, and a division.
void count_average_pool(const OpCall& call, const Row& row, Cost& cost) {
  cost.flops += call.output().numel() * (window_size(call.argument(1), row.each.flops) + 1);
}

// (grad_output, input, kernel_size, ...): a division per element of the gradient, an addition to each element of its window. The
// input is not read.
void count_average_pool_backward(const OpCall& call, const Row& row, Cost& cost) {
  cost.flops += call.tensor(std::size_t{0}).numel() * (window_size(call.argument(2), row.each.flops) + 1);
  do_not_read(cost, call.tensor(1).bytes());
}

// Elements of all windows of adaptive pooling, `dims` dimensions wide. The o-th of n windows on a dimension of m elements reaches
// from m o / n, rounded down, to m (o + 1) / n, rounded up: a window begins in the middle of an element, which it shares with its
// neighbour, unless that is one of the gcd(m, n) places where both divide. So they have m + n - gcd(m, n) elements in all.
Count adaptive_windows(const TensorView& large, const TensorView& pooled, int dims) {
  Count elements = large.defined() && pooled.defined() ? 1 : 0;
  for (int d = 1; d <= large.dim(); ++d) {
    const std::int64_t in = large.size(-d);
    const std::int64_t out = pooled.size(-d);
    elements *= d > dims ? Count(in) : Count(in) + (out - std::gcd(in, out));
  }
  return elements;
}

// row.each.flops: spatial dimensions.
void count_adaptive_average_pool(const OpCall& call, const Row& row, Cost& cost) {
  cost.flops += adaptive_windows(call.tensor(std::size_t{0}), call.output(), row.each.flops) + call.output().numel();
}

void count_adaptive_max_pool(const OpCall& call, const Row& row, Cost& cost) {
  const Count windows = adaptive_windows(call.tensor(std::size_t{0}), call.output(), row.each.flops);
  if (windows.saturated()) {
    cost.flops += windows;
  } else if (windows != 0) {
    cost.flops += Count(windows - call.output().numel());
  }
}

// (grad_output, input): a division per element of the gradient, an addition to each element of its window. The input is not read.
void count_adaptive_average_pool_backward(const OpCall& call, const Row& row, Cost& cost) {
  const TensorView& grad = call.tensor(std::size_t{0});
  cost.flops += grad.numel() + adaptive_windows(call.tensor(1), grad, row.each.flops);
  do_not_read(cost, call.tensor(1).bytes());
}

}  // namespace

const Family max_pool = {count_max_pool, "flops = outputs · (window - 1)", "textbook definition"};
const Family average_pool = {count_average_pool, "flops = outputs · (window + 1)", "textbook definition"};
const Family average_pool_backward = {count_average_pool_backward, "flops = gradients · (window + 1)", "transposed average_pool"};
constexpr std::string_view kAdaptive = "aten/src/ATen/native/AdaptivePooling.h, start_index and end_index";
const Family adaptive_average_pool = {
    count_adaptive_average_pool,
    "flops = elements of all windows (per dimension inputs + outputs - their greatest common divisor) + outputs", kAdaptive};
const Family adaptive_max_pool = {
    count_adaptive_max_pool,
    "flops = elements of all windows (per dimension inputs + outputs - their greatest common divisor) - outputs", kAdaptive};
const Family adaptive_average_pool_backward = {
    count_adaptive_average_pool_backward,
    "flops = gradients + elements of all windows (per dimension inputs + outputs - their greatest common divisor)", kAdaptive};

}  // namespace torchtally::formulas
