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

// (grad_output, input): a division per element of the gradient, an addition per element of the input, which is not read.
void count_adaptive_average_pool_backward(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += call.tensor(std::size_t{0}).numel() + call.tensor(1).numel();
  do_not_read(cost, call.tensor(1).bytes());
}

}  // namespace

const Family max_pool = {count_max_pool, "flops = outputs · (window - 1)", "textbook definition"};
const Family average_pool = {count_average_pool, "flops = outputs · (window + 1)", "textbook definition"};
const Family average_pool_backward = {count_average_pool_backward, "flops = gradients · (window + 1)", "transposed average_pool"};
const Family adaptive_average_pool_backward = {count_adaptive_average_pool_backward, "flops = gradients + inputs",
                                               "transposed adaptive average pooling"};

}  // namespace torchtally::formulas
