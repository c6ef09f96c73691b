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

// |x|^2 - 2xy + |y|^2 as one product of (m + 2)-vectors, a maximum with 0, a sqrt. The vectors cost 3 per element of x1 (square,
// addition, times -2) and 2 per element of x2.
void add_distances_as_product(Cost& cost, Count pairs, const TensorView& x1, const TensorView& x2) {
  cost.add_macs(pairs * (x1.size(-1) + 2));
  cost.flops += pairs + x1.numel() * 3 + x2.numel() * 2;
  cost.transcendentals += pairs;
}

// Of one coordinate of a pair, d its difference and g the pair's gradient.
Work gradient_of_distance(double order) {
  if (order == 0) return {};
  if (std::isinf(order)) return {10, 0};        // g sign(d) (1 - min(1, ceil(| |d| - distance |)))
  if (order == 1 || order == 2) return {3, 0};  // g sign(d); g d / distance
  return order < 2 ? Work{6, 2} : Work{5, 2};   // g sign(d) |d|^(p-1) / distance^(p-1); g d |d|^(p-2) / distance^(p-1)
}

// (x1 (..., p, m), x2 (..., r, m), order, compute_mode)
void count_cdist(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& x1 = call.tensor(std::size_t{0});
  const TensorView& x2 = call.tensor(1);
  const double order = call.argument(2).to_float(2);
  const std::int64_t mode = call.argument(3).to_int(0);
  const Count pairs = cost.activations;
  const bool as_product = order == 2 && (mode == 1 || (mode == 0 && (x1.size(-2) > 25 || x2.size(-2) > 25)));
  if (!as_product) return add_distances(cost, pairs, x1.size(-1), order);
  add_distances_as_product(cost, pairs, x1, x2);
}

void count_euclidean_distance(const OpCall& call, const Row&, Cost& cost) {
  add_distances_as_product(cost, cost.activations, call.tensor(std::size_t{0}), call.tensor(1));
}

// (grad, x1, x2, order, distances): added to x1's gradient.
void count_cdist_backward(const OpCall& call, const Row&, Cost& cost) {
  const Count coordinates = call.tensor(4).numel() * call.tensor(1).size(-1);
  const double order = call.argument(3).to_float(2);
  add_work(cost, coordinates, gradient_of_distance(order));
  if (order != 0) cost.flops += coordinates;
}

void count_pdist(const OpCall& call, const Row&, Cost& cost) {
  add_distances(cost, cost.activations, call.tensor(std::size_t{0}).size(-1), call.argument(1).to_float(2));
}

// (grad, self, order, distances): added to one point's gradient, subtracted from the other's.
void count_pdist_backward(const OpCall& call, const Row&, Cost& cost) {
  const Count coordinates = call.tensor(3).numel() * call.tensor(1).size(-1);
  const double order = call.argument(2).to_float(2);
  add_work(cost, coordinates, gradient_of_distance(order));
  if (order != 0) cost.flops += coordinates * 2;
}

constexpr std::string_view kDirectly =
    "per pair and coordinate flops = 3, transcendentals = 1 for orders other than 0, 1, 2, infinity; per pair transcendentals += "
    "1 "
    "for orders other than 0, 1, infinity";
constexpr std::string_view kDistanceKernel = "aten/src/ATen/native/cpu/DistanceOpsKernel.cpp: the kernel's arithmetic";

}  // namespace

const Family cdist = {
    count_cdist,
    "as pdist; order 2 with more than 25 points (mode 1: always, 2: never) is one product: macs = pairs · (coordinates "
    "+ 2), flops += pairs + 3 elements of x1 + 2 of x2, transcendentals = pairs",
    "aten/src/ATen/native/Distance.cpp, _euclidean_dist; cpu/DistanceOpsKernel.cpp", true};
const Family euclidean_distance = {
    count_euclidean_distance,
    "macs = pairs · (coordinates + 2); flops += pairs + 3 elements of x1 + 2 of x2; transcendentals = pairs",
    "aten/src/ATen/native/Distance.cpp, _euclidean_dist", true};
const Family cdist_backward = {
    count_cdist_backward,
    "per pair and coordinate flops = 4 for orders 1 and 2, 11 for infinity, 7 (transcendentals = 2) below 2, "
    "6 (2) above 2",
    kDistanceKernel};
const Family pdist = {count_pdist, kDirectly, kDistanceKernel};
const Family pdist_backward = {
    count_pdist_backward,
    "per pair and coordinate flops = 5 for orders 1 and 2, 12 for infinity, 8 (transcendentals = 2) below 2, "
    "7 (2) above 2",
    kDistanceKernel};

}  // namespace torchtally::formulas
