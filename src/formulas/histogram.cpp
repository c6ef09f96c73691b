#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// Minimum and maximum, where no range is given.
void add_range(const OpCall& call, Cost& cost) {
  if (call.argument("range").floats().empty()) cost.flops += call.tensor(std::size_t{0}).numel() * 2;
}

// Points of `dims` coordinates each. By a number of bins, a coordinate's bin is (x - min) bins / (max - min). By edges it is
// searched: a comparison. Each point is added to its bin. A density is divided by the sum of all bins and by their
// lengths along each coordinate, which are differences of edges.
void add_histogram(const OpCall& call, Cost& cost, Count dims) {
  const TensorView& points = call.tensor(std::size_t{0});
  const Argument& bins = call.argument(1);
  const bool by_edges = !bins.tensors().empty();
  if (dims == 0 || points.numel().saturated()) return;
  if (!by_edges) {
    add_range(call, cost);
    cost.flops += points.numel() * 3;
  }
  cost.flops += points.numel() / dims;
  if (!call.argument("density").to_bool()) return;
  cost.flops += call.output().numel() * (dims + 2);
  if (by_edges) {
    for (const TensorView& edges : bins.tensors()) cost.flops += Count(edges.numel() - 1);
  } else if (bins.ints().empty()) {
    cost.flops += bins.to_int();
  } else {
    for (const auto count : bins.ints()) cost.flops += count;
  }
}

void count_histogram(const OpCall& call, const Row&, Cost& cost) { add_histogram(call, cost, 1); }

void count_multidimensional_histogram(const OpCall& call, const Row&, Cost& cost) {
  add_histogram(call, cost, call.tensor(std::size_t{0}).size(-1));
}

void count_histogram_edges(const OpCall& call, const Row&, Cost& cost) { add_range(call, cost); }

constexpr std::string_view kSource = "aten/src/ATen/native/cpu/HistogramKernel.cpp";

}  // namespace

const Family histogram = {
    count_histogram,
    "flops = elements · 4, + 2 if no range is given; elements alone if the edges are given; a density: + 4 · bins", kSource};
const Family multidimensional_histogram = {count_multidimensional_histogram,
                                           "flops = coordinates · 3, + 2 if no range is given; edges given: none; + points; a "
                                           "density: + (2 + dimensions) · bins + their lengths",
                                           kSource};
const Family histogram_edges = {count_histogram_edges, "flops = 2 · elements if no range is given", kSource};

}  // namespace torchtally::formulas
