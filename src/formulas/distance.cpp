#include <cmath>

#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// Per pair and coordinate: subtraction, square or absolute value, addition; pow where the order asks for it. Per pair: the root.
void add_distances(Cost& cost, Count pairs, Count coordinates, double order) {
  cost.flops += pairs * coordinates * 3;
  if (order == 0 || order == 1 || std::isinf(order)) return;
  cost.transcendentals += pairs;
  if (order != 2) cost.transcendentals += pairs * coordinates;
}

// |x|^2 - 2xy + |y|^2 as one product of (m + 2)-vectors, a maximum with 0, a sqrt; the vectors cost 3 per element of x1 (square,
// addition, times -2) and 2 per element of x2.
void add_euclidean_product(Cost& cost, const TensorView& x1, const TensorView& x2) {
  const Count pairs = cost.activations;
  cost.add_macs(pairs * (x1.size(-1) + 2));
  cost.flops += pairs + x1.numel() * 3 + x2.numel() * 2;
  cost.transcendentals += pairs;
}

// _cdist_forward(x1 (..., p, m), x2 (..., r, m), order, compute_mode). For order 2 and more than 25 points (mode 1: always, mode
// 2: never) ATen takes the product.
void count_cdist(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& x1 = call.tensor(std::size_t{0});
  const TensorView& x2 = call.tensor(1);
  const double order = call.argument(2).to_float(2);
  const std::int64_t mode = call.argument(3).to_int(0);
  const bool as_product = order == 2 && (mode == 1 || (mode == 0 && (x1.size(-2) > 25 || x2.size(-2) > 25)));
  if (!as_product) return add_distances(cost, cost.activations, x1.size(-1), order);
  add_euclidean_product(cost, x1, x2);
}

void count_euclidean_distance(const OpCall& call, const Row&, Cost& cost) {
  add_euclidean_product(cost, call.tensor(std::size_t{0}), call.tensor(1));
}

// (grad, x1, x2, order, distances), per pair and coordinate: subtraction, times grad, division by the distance, addition to the
// sum.
void count_cdist_backward(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += call.tensor(4).numel() * call.tensor(1).size(-1) * 4;
}

void count_pdist(const OpCall& call, const Row&, Cost& cost) {
  add_distances(cost, cost.activations, call.tensor(std::size_t{0}).size(-1), call.argument(1).to_float(2));
}

// (grad, x, order, distances), per pair and coordinate: the difference d, and the gradient added to one point and subtracted from
// the other. Order 1: g sign(d). Order 2: g d / distance. Infinity: g sign(d) (1 - min(1, ceil(| |d| - distance |))). Any other:
// g d |d|^(order - 2) / distance^(order - 1), in which a sign stands for d below order 2.
void count_pdist_backward(const OpCall& call, const Row&, Cost& cost) {
  const double order = call.argument(2).to_float(2);
  const Count terms = call.tensor(3).numel() * call.tensor(1).size(-1);
  if (order == 0) return;
  Work each{8, 2};
  if (order == 1 || order == 2) each = {5, 0};
  if (std::isinf(order)) each = {12, 0};
  if (order > 2 && !std::isinf(order)) each = {7, 2};
  add_work(cost, terms, each);
}

}  // namespace

const Family cdist = {count_cdist, "", ""};
const Family cdist_backward = {count_cdist_backward, "", ""};
const Family pdist = {count_pdist, "", ""};
const Family pdist_backward = {
    count_pdist_backward,
    "flops = pairs · coordinates · (orders 1 and 2: 5, infinity: 12, above 2: 7, others: 8); transcendentals = 2 · pairs · "
    "coordinates for the others",
    "aten/src/ATen/native/cpu/DistanceOpsKernel.cpp"};
const Family euclidean_distance = {count_euclidean_distance,
                                   "macs = pairs · (coordinates + 2); flops += pairs + 3 · first points + 2 · second points "
                                   "(elements); transcendentals = pairs",
                                   "aten/src/ATen/native/Distance.cpp, _euclidean_dist"};

}  // namespace torchtally::formulas
