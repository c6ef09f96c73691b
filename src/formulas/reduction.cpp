#include <algorithm>
#include <cmath>

#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// The sum of powers of `n` elements. Order 2: square, addition. Order 1 and infinity: absolute value, addition or maximum. Order
// 0: addition of a truth value. Any other: absolute value, pow, addition. The absolute value of a complex element is two squares,
// an addition and a root, its square the same without the root.
void add_power_sum(Cost& cost, Count n, DType dtype, double order) {
  const bool is_complex_value = is_complex(dtype) && order != 0;
  cost.flops += order == 0 ? n : n * (is_complex_value ? 4 : 2);
  if (is_complex_value && order != 2) cost.transcendentals += n;
  if (order != 0 && order != 1 && order != 2 && !std::isinf(order)) cost.transcendentals += n;
}

void add_roots(Cost& cost, Count norms, double order) {
  if (order != 0 && order != 1 && !std::isinf(order)) cost.transcendentals += norms;
}

// The order may be missing, or a string.
void count_vector_norm(const OpCall& call, const Row&, Cost& cost) {
  const Argument& input = call.argument(std::size_t{0});
  const double order = call.argument(1).to_float(2);
  add_power_sum(cost, input.stored(), input.dtype(), order);
  add_roots(cost, cost.activations, order);
}

void count_power_sum(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  add_power_sum(cost, input.numel(), input.dtype(), call.argument(1).to_float(2));
}

// (self, order, dim, largest): a norm for each index of the dimension, its factor (plus epsilon, division), times the factor.
void count_renorm(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  const double order = call.argument(1).to_float(2);
  const Count norms = input.size(static_cast<int>(call.argument(2).to_int()));
  add_power_sum(cost, input.numel(), input.dtype(), order);
  add_roots(cost, norms, order);
  cost.flops += norms * 2 + input.numel() * (is_complex(input.dtype()) ? 2 : 1);
}

// (x, y, order), broadcast.
void count_distance(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& x = call.tensor(std::size_t{0});
  const TensorView& y = call.tensor(1);
  Count n = x.defined() && y.defined() ? 1 : 0;
  for (int d = 1; d <= std::max(x.dim(), y.dim()); ++d) {
    const Count in_x = d > x.dim() ? Count(1) : x.size(-d);
    n *= in_x == 1 && d <= y.dim() ? y.size(-d) : in_x;
  }
  const double order = call.argument(2).to_float(2);
  cost.flops += n * (is_complex(x.dtype()) ? 2 : 1);
  add_power_sum(cost, n, x.dtype(), order);
  add_roots(cost, cost.activations, order);
}

// Nothing but the diagonal is read.
void count_trace(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& matrix = call.tensor(std::size_t{0});
  const Count diagonal = std::min<std::int64_t>(matrix.size(0), matrix.size(1));
  cost.flops += diagonal * (is_complex(matrix.dtype()) ? 2 : 1);
  cost.bytes_read = diagonal * element_size(matrix.dtype());
}

// (data, reduce, ...)
void count_segment_reduce(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += call.tensor(std::size_t{0}).numel();
  if (call.argument(1).string() == "mean") cost.flops += call.output().numel();
}

// (gradient, output, data, reduce, ...). Of a maximum or minimum: as if no two elements of a segment were the same.
void count_segment_reduce_backward(const OpCall& call, const Row&, Cost& cost) {
  const Count segments = call.tensor(1).numel();
  const auto reduce = call.argument(3).string();
  if (reduce == "mean") cost.flops += segments;
  if (reduce == "prod") cost.flops += segments + call.tensor(2).numel();
}

void count_per_second_input(const OpCall& call, const Row& row, Cost& cost) { add_work(cost, call.tensor(1).numel(), row.each); }

}  // namespace

const Family vector_norm = {
    count_vector_norm,
    "flops = 2 · elements (order 0: 1); transcendentals = results (orders 0, 1, infinity: none), + elements "
    "if the order is not 0, 1, 2 or infinity",
    "aten/src/ATen/native/SharedReduceOps.h: square, or absolute value; addition or maximum; root"};
const Family power_sum = {count_power_sum, "as the norm, without the root of each result",
                          "aten/src/ATen/native/SharedReduceOps.h"};
const Family distance = {count_distance, "flops = elements of the difference + those of its norm",
                         "aten/src/ATen/native/Distance.cpp, dist"};
const Family renorm = {count_renorm,
                       "flops = 3 · inputs + 2 · norms for order 2, transcendentals = norms; other orders as vector_norm",
                       "aten/src/ATen/native/Normalization.cpp, renorm: its norms, factors and product"};
const Family trace = {count_trace, "flops = elements of the diagonal", "textbook definition"};
const Family segment_reduce = {count_segment_reduce, "flops = elements; mean: + outputs",
                               "aten/src/ATen/native/SegmentReduce.cpp"};
const Family segment_reduce_backward = {
    count_segment_reduce_backward, "sum, max, min: none; mean: flops = segments; prod: flops = segments + elements",
    "aten/src/ATen/native/SegmentReduce.cpp: gradient divided by the length; times the product, divided by each element"};
const Family per_second_input = {count_per_second_input,
                                 "flops, transcendentals = what the row says, per element of the second argument",
                                 "the kernel's arithmetic, as the row says"};

}  // namespace torchtally::formulas
