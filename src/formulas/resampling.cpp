// The weights of a fixed-scale resampling are shared by all channels and samples and not counted; those of grid_sampler, one set
// per sampled point, are.
#include <algorithm>

#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// Elements that the window of an antialiasing filter of this support spans: wider where the image shrinks.
Count taps(Count in, Count out, int support) {
  if (out == 0) return 0;
  const Count widened = in > out ? (Count(in) * support * 2 + (out - 1)) : Count(0);
  return in > out ? Count(widened / out) : Count(support * 2);
}

// Horizontal, then vertical: a product and an addition per element of the window.
void add_separable(Cost& cost, const TensorView& from, const TensorView& to, int support) {
  const Count planes = from.size(0) * from.size(1);
  cost.flops += planes * from.size(2) * to.size(3) * taps(from.size(3), to.size(3), support) * 2;
  cost.flops += planes * to.size(2) * to.size(3) * taps(from.size(2), to.size(2), support) * 2;
}

// Spatial dimensions of (batch, channels, ...).
int spatial_dims(const TensorView& image) { return std::max(image.dim() - 2, 0); }

enum Interpolation : std::int64_t { kBilinear = 0, kNearest = 1, kBicubic = 2 };

// Points that are sampled: the grid without its coordinates.
Count points(const TensorView& grid) {
  Count n = grid.defined() ? 1 : 0;
  for (int d = 0; d + 1 < grid.dim(); ++d) n *= grid.size(d);
  return n;
}

// Per point and dimension: the coordinate to pixels, 4; the distances to both neighbours, 2. Per point: products of those for
// the 2^dims corners. Cubic: 4 weights of degree 3 per dimension, 8 each.
Count weights_per_point(int dims, std::int64_t mode) {
  const int corners = 1 << dims;
  if (mode == kNearest) return dims * 4;
  if (mode == kBicubic) return dims * (4 + 32);
  return dims * 6 + corners * (dims - 1);
}

// Weighted elements that make one output element.
int taps_of(int dims, std::int64_t mode) { return mode == kNearest ? 0 : mode == kBicubic ? 16 : 1 << dims; }

// row.each.flops: support of the filter, 1 for linear, 2 for cubic, 3 for Lanczos.
void count_antialiased_upsample(const OpCall& call, const Row& row, Cost& cost) {
  add_separable(cost, call.tensor(std::size_t{0}), call.output(), row.each.flops);
}

// The transposed operation: the gradient takes the way back over as many weights.
void count_antialiased_upsample_backward(const OpCall& call, const Row& row, Cost& cost) {
  add_separable(cost, call.output(), call.tensor(std::size_t{0}), row.each.flops);
}

// (input, grid, mode, ...). Per output element: k weighted elements summed, 2k - 1.
void count_grid_sampler(const OpCall& call, const Row&, Cost& cost) {
  const int dims = spatial_dims(call.tensor(std::size_t{0}));
  const std::int64_t mode = call.argument(2).to_int();
  const int k = taps_of(dims, mode);
  cost.flops += points(call.tensor(1)) * weights_per_point(dims, mode);
  cost.flops += cost.activations * (k > 0 ? 2 * k - 1 : 0);
}

// By name: cuDNN's has (input, grid, grad_output), and knows only the bilinear mode. Per gradient element: to each of k input
// elements a product and an addition (nearest: an addition); for each coordinate of the grid, k times the weight's derivative,
// the input, and an addition, 3.
void count_grid_sampler_backward(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& grad = call.tensor("grad_output");
  const TensorView& grid = call.tensor("grid");
  const int dims = spatial_dims(grad);
  const std::int64_t mode = call.argument("interpolation_mode").to_int();
  const int k = taps_of(dims, mode);
  cost.flops += points(grid) * weights_per_point(dims, mode);
  if (wants_gradient(call, 0)) cost.flops += grad.numel() * (k > 0 ? 2 * k : 1);
  if (wants_gradient(call, 1)) cost.flops += grad.numel() * (3 * k * dims);
}

// theta (N, 2, 3) or (N, 3, 4) times the homogeneous coordinates of every point.
void count_affine_grid(const OpCall& call, const Row&, Cost& cost) {
  cost.add_macs(call.output().numel() * call.tensor(std::size_t{0}).size(-1));
}

// (gradient (N, H, W, 2) or (N, D, H, W, 3), ...): the transposed product, of as many terms.
void count_affine_grid_backward(const OpCall& call, const Row&, Cost& cost) {
  cost.add_macs(call.tensor(std::size_t{0}).numel() * call.output().size(-1));
}

}  // namespace

const Family antialiased_upsample = {count_antialiased_upsample,
                                     "flops = 2 · (in rows · out columns · horizontal taps + out rows · out columns · vertical "
                                     "taps) per plane; taps = 2 · support · "
                                     "max(1, in / out)",
                                     "aten/src/ATen/native/cpu/UpSampleKernel.cpp: the separable kernel's arithmetic"};
const Family antialiased_upsample_backward = {count_antialiased_upsample_backward, "flops as those of the forward operator",
                                              "transposed antialiased_upsample"};
const Family grid_sampler = {
    count_grid_sampler,
    "flops = outputs · (2 · neighbours - 1) + points · those of a point's weights; neighbours: 2^dims bilinear, 16 bicubic",
    "aten/src/ATen/native/GridSampler.h: the kernel's arithmetic"};
const Family grid_sampler_backward = {
    count_grid_sampler_backward,
    "flops = gradients · neighbours · (2 for the input, 3 · dims for the grid) + points · those of a point's weights",
    "derivative of grid_sampler"};
const Family affine_grid = {count_affine_grid, "macs = grid elements · columns of theta",
                            "aten/src/ATen/native/AffineGridGenerator.cpp: its batched product"};
const Family affine_grid_backward = {count_affine_grid_backward, "macs = elements of the gradient · columns of theta",
                                     "aten/src/ATen/native/AffineGridGenerator.cpp, the backward of the batched product"};

}  // namespace torchtally::formulas
