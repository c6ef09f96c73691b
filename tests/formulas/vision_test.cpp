#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

// 5 boxes: areas 3 each; 10 pairs of 12.
TEST(Nms, EveryPair) {
  CallBuilder call("torchvision::nms");
  call.tensor("dets", {5, 4}).tensor("scores", {5}).number("iou_threshold", 0.5).returns({3}, DType::kInt64);
  EXPECT_THAT(call.cost(), Costs(0, 15 + 120, 0));
  CallBuilder nothing("torchvision::nms");
  nothing.tensor("dets", {0, 4}).tensor("scores", {0}).returns({0}, DType::kInt64);
  EXPECT_THAT(nothing.cost(), Costs(0, 0, 0));
}

// 3 boxes, 2 channels, 4x4 bins: 96 outputs of 2*2 samples, 8 each, and a division; 48 bins of 4 samples, 8 for the weights.
TEST(RoiAlign, Samples) {
  CallBuilder call("torchvision::roi_align");
  call.tensor("input", {1, 2, 20, 20}).tensor("rois", {3, 5}).number("spatial_scale", 0.25).integer("pooled_height", 4);
  call.integer("pooled_width", 4).integer("sampling_ratio", 2).flag("aligned", false).returns({3, 2, 4, 4});
  EXPECT_THAT(call.cost(), Costs(0, 96 * 33 + 48 * 4 * 8, 0));
  CallBuilder backward("torchvision::_roi_align_backward");
  backward.tensor("grad", {3, 2, 4, 4}).tensor("rois", {3, 5}).integer("sampling_ratio", 2).returns({1, 2, 20, 20});
  EXPECT_THAT(backward.cost(), Costs(0, 96 * 33 + 48 * 4 * 8, 0));
}

// The number of samples depends on the boxes: at least one.
TEST(RoiAlign, AdaptiveSamplingIsAtLeastOne) {
  CallBuilder call("torchvision::roi_align");
  call.tensor("input", {1, 2, 20, 20}).tensor("rois", {3, 5}).number("spatial_scale", 0.25).integer("pooled_height", 4);
  call.integer("pooled_width", 4).integer("sampling_ratio", 0).flag("aligned", false).returns({3, 2, 4, 4});
  EXPECT_THAT(call.cost(), Costs(0, 96 * 9 + 48 * 8, 0));
}

// 4 -> 6 channels, 3x3 on 5x5 positions: products 25 * 6*4*9 = 5400. Sampled at 25*9 = 225 points (one offset group), 8 for the
// weights and 2 for the offsets each; 225 * 4 = 900 samples of 7, and 1 for the mask. Bias 150.
TEST(DeformConv2d, Forward) {
  const auto cost = [](bool mask) {
    CallBuilder call("torchvision::deform_conv2d");
    call.tensor("input", {1, 4, 5, 5})
        .tensor("weight", {6, 4, 3, 3})
        .tensor("offset", {1, 18, 5, 5})
        .tensor("mask", {1, 9, 5, 5});
    call.tensor("bias", {6}).integer("groups", 1).integer("offset_groups", 1).flag("use_mask", mask).returns({1, 6, 5, 5});
    return call.cost();
  };
  EXPECT_THAT(cost(true), Costs(5400, 2250 + 900 * 8 + 150, 0));
  EXPECT_THAT(cost(false), Costs(5400, 2250 + 900 * 7 + 150, 0));
}

// Two products; 900 samples of 33, with the mask 5 more; the weights and offsets of 225 points; the bias sums 150.
TEST(DeformConv2d, Backward) {
  CallBuilder call("torchvision::_deform_conv2d_backward");
  call.tensor("grad", {1, 6, 5, 5}).tensor("input", {1, 4, 5, 5}).tensor("weight", {6, 4, 3, 3}).tensor("offset", {1, 18, 5, 5});
  call.integer("offset_groups", 1).flag("use_mask", true).returns({1, 4, 5, 5});
  EXPECT_THAT(call.cost(), Costs(10800, 2250 + 900 * 38 + 150, 0));
}

}  // namespace
}  // namespace torchtally
