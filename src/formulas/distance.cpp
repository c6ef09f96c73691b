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

// _cdist_forward(x1 (..., p, m), x2 (..., r, m), order, compute_mode). For order 2 and more than 25 points (mode 1: always, mode
// 2: never) ATen takes |x|^2 - 2xy + |y|^2 as one product of (m + 2)-vectors, a maximum with 0, a sqrt; the vectors cost 3 per
// element of x1 (square, addition, times -2) and 2 per element of x2.
void count_cdist(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& x1 = call.tensor(std::size_t{0});
  const TensorView& x2 = call.tensor(1);
  const double order = call.argument(2).to_float(2);
  const std::int64_t mode = call.argument(3).to_int(0);
  const Count pairs = cost.activations;
  const bool as_product = order == 2 && (mode == 1 || (mode == 0 && (x1.size(-2) > 25 || x2.size(-2) > 25)));
  if (!as_product) return add_distances(cost, pairs, x1.size(-1), order);
  cost.add_macs(pairs * (x1.size(-1) + 2));
  cost.flops += pairs + x1.numel() * 3 + x2.numel() * 2;
  cost.transcendentals += pairs;
}

// (grad, x1, x2, order, distances), per pair and coordinate: subtraction, times grad, division by the distance, addition to the
// sum.
void count_cdist_backward(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += call.tensor(4).numel() * call.tensor(1).size(-1) * 4;
}

void count_pdist(const OpCall& call, const Row&, Cost& cost) {
  add_distances(cost, cost.activations, call.tensor(std::size_t{0}).size(-1), call.argument(1).to_float(2));
}

}  // namespace

const Family cdist = {count_cdist, "", ""};
const Family cdist_backward = {count_cdist_backward, "", ""};
const Family pdist = {count_pdist, "", ""};

}  // namespace torchtally::formulas
