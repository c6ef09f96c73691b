#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

// 64 output elements: linear along x twice (3 each), then along y.
TEST(Upsample, Bilinear) {
  CallBuilder call("aten::upsample_bilinear2d");
  call.tensor("self", {1, 1, 4, 4}).integers("output_size", {8, 8}).flag("align_corners", false).returns({1, 1, 8, 8});
  EXPECT_THAT(call.cost(), Costs(0, 64 * 9, 0));
}

// Each of 64 gradients goes to 4 neighbours: two products and an addition.
TEST(Upsample, BilinearBackward) {
  CallBuilder call("aten::upsample_bilinear2d_backward");
  call.tensor("grad_output", {1, 1, 8, 8})
      .integers("output_size", {8, 8})
      .integers("input_size", {1, 1, 4, 4})
      .returns({1, 1, 4, 4});
  EXPECT_THAT(call.cost(), Costs(0, 64 * 12, 0));
}

TEST(Upsample, NearestOnlyCopies) {
  CallBuilder call("aten::upsample_nearest2d");
  call.tensor("self", {1, 1, 4, 4}).returns({1, 1, 8, 8});
  EXPECT_THAT(call.cost(), Costs(0, 0, 0));
  EXPECT_THAT(call.cost(), Moves(64, 256));
}

// 8x8 to 4x4: the filter of support 1 spans 2*1*8/4 = 4. Horizontally 8*4 elements, vertically 4*4, 4 products and additions
// each.
TEST(Upsample, AntialiasedWidensWhereItShrinks) {
  CallBuilder call("aten::_upsample_bilinear2d_aa");
  call.tensor("self", {1, 1, 8, 8}).returns({1, 1, 4, 4});
  EXPECT_THAT(call.cost(), Costs(0, 32 * 8 + 16 * 8, 0));
  CallBuilder backward("aten::_upsample_bilinear2d_aa_backward");
  backward.tensor("grad_output", {1, 1, 4, 4}).returns({1, 1, 8, 8});
  EXPECT_THAT(backward.cost(), Costs(0, 32 * 8 + 16 * 8, 0));
}

// Cubic, growing: 4 elements. Horizontally 4*8, vertically 8*8.
TEST(Upsample, AntialiasedCubic) {
  CallBuilder call("aten::_upsample_bicubic2d_aa");
  call.tensor("self", {1, 1, 4, 4}).returns({1, 1, 8, 8});
  EXPECT_THAT(call.cost(), Costs(0, 32 * 8 + 64 * 8, 0));
}

Cost grid_sampler(std::int64_t mode) {
  CallBuilder call("aten::grid_sampler_2d");
  call.tensor("input", {1, 3, 8, 8}).tensor("grid", {1, 5, 2, 2}).integer("interpolation_mode", mode).returns({1, 3, 5, 2});
  return call.cost();
}

// 10 points, 30 elements. Bilinear: per point 2 * (4 + 2) and 4 corner products; per element 4 products, 3 additions.
// Nearest: the coordinates only. Cubic: per point 2 * (4 + 32); per element 16 products, 15 additions.
TEST(GridSampler, Forward) {
  EXPECT_THAT(grid_sampler(0), Costs(0, 10 * 16 + 30 * 7, 0));
  EXPECT_THAT(grid_sampler(1), Costs(0, 10 * 8, 0));
  EXPECT_THAT(grid_sampler(2), Costs(0, 10 * 72 + 30 * 31, 0));
}

// Volumes: per point 3 * 6 and 8 corners with 2 products; per element 8 products, 7 additions.
TEST(GridSampler, Volume) {
  CallBuilder call("aten::grid_sampler_3d");
  call.tensor("input", {1, 2, 4, 4, 4}).tensor("grid", {1, 1, 1, 5, 3}).integer("interpolation_mode", 0).returns({1, 2, 1, 1, 5});
  EXPECT_THAT(call.cost(), Costs(0, 5 * 34 + 10 * 15, 0));
}

// 10 points as above; 30 gradients: to 4 neighbours product and addition; to the grid 4 * 3 for each of 2 coordinates.
TEST(GridSampler, Backward) {
  const auto cost = [](bool input, bool grid) {
    CallBuilder call("aten::grid_sampler_2d_backward");
    call.tensor("grad_output", {1, 3, 5, 2}).tensor("input", {1, 3, 8, 8}).tensor("grid", {1, 5, 2, 2});
    call.integer("interpolation_mode", 0).integer("padding_mode", 0).flag("align_corners", false);
    return call.flags("output_mask", {input, grid}).returns({1, 3, 8, 8}).returns({1, 5, 2, 2}).cost();
  };
  EXPECT_THAT(cost(true, true), Costs(0, 160 + 240 + 720, 0));
  EXPECT_THAT(cost(false, true), Costs(0, 160 + 720, 0));
}

// 2 * 8 * 8 points, two coordinates, each a product of theta's row with (x, y, 1).
TEST(AffineGrid, Product) {
  CallBuilder call("aten::affine_grid_generator");
  call.tensor("theta", {2, 2, 3}).integers("size", {2, 3, 8, 8}).returns({2, 8, 8, 2});
  EXPECT_THAT(call.cost(), Costs(256 * 3, 0, 0));
}

// Lanczos, growing: 6 elements. Horizontally 4*8, vertically 8*8.
TEST(Upsample, AntialiasedLanczos) {
  CallBuilder call("aten::_upsample_lanczos2d_aa");
  call.tensor("self", {1, 1, 4, 4}).returns({1, 1, 8, 8});
  EXPECT_THAT(call.cost(), Costs(0, 32 * 12 + 64 * 12, 0));
}

// As grid_sampler_2d_backward, in another order.
TEST(GridSampler, CudnnBackward) {
  CallBuilder call("aten::cudnn_grid_sampler_backward");
  call.tensor("self", {1, 3, 8, 8}).tensor("grid", {1, 5, 2, 2}).tensor("grad_output", {1, 3, 5, 2});
  EXPECT_THAT(call.returns({1, 3, 8, 8}).returns({1, 5, 2, 2}).cost(), Costs(0, 160 + 240 + 720, 0));
}

// The transposed product: theta's gradient (2 x 3) for each of 2 · 8 · 8 points.
TEST(AffineGrid, Backward) {
  CallBuilder call("aten::cudnn_affine_grid_generator_backward");
  call.tensor("grad", {2, 8, 8, 2}).integer("N", 2).integer("C", 3).integer("H", 8).integer("W", 8).returns({2, 2, 3});
  EXPECT_THAT(call.cost(), Costs(128 * 6, 0, 0));
}

}  // namespace
}  // namespace torchtally
