// torchvision's operators.
#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// Four weighted neighbours summed: 4 products, 3 additions.
constexpr int kBilinear = 7;
// Per sampled point: the fractional coordinates and their complements, 4; the products for four corners, 4.
constexpr int kBilinearWeights = 8;

// Points sampled per bin. The default, 0, takes one per pixel that the bin covers, which only the boxes tell: one is the least.
Count samples_per_bin(const Argument& sampling_ratio) {
  const std::int64_t ratio = sampling_ratio.to_int();
  return ratio > 0 ? Count(ratio) * ratio : Count(1);
}

struct Deformable {
  Count points;   // where the input is sampled: samples * offset groups * taps * output positions
  Count samples;  // what is sampled there: samples * channels * taps * output positions
  Count products;
};

// `out`: the output or its gradient.
Deformable deformable(const TensorView& input, const TensorView& weight, const TensorView& out, Count offset_groups) {
  const Count sites = out.size(0) * positions(out, 2) * positions(weight, 2);
  return {sites * offset_groups, sites * input.size(1), out.size(0) * positions(out, 2) * weight.numel()};
}

// (boxes, scores, threshold): the area of each box (3), and every pair compared: 2 maxima, 2 minima, 2 differences and their
// maxima with 0, product, union (2), division. Which pairs the kernel skips depends on the boxes: all count.
void count_nms(const OpCall& call, const Row&, Cost& cost) {
  const Count boxes = call.tensor(std::size_t{0}).size(0);
  const Count pairs = boxes > 0 ? Count((boxes * (boxes - 1)) / 2) : Count(0);
  cost.flops += boxes * 3 + pairs * 12;
}

// (input, rois, scale, height, width, sampling_ratio, aligned): per output element, every sampled point and its addition; a
// division. The weights are shared by the channels.
void count_roi_align(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& output = call.output();
  const Count samples = samples_per_bin(call.argument(5));
  cost.flops += output.numel() * (samples * (kBilinear + 1) + 1);
  cost.flops += output.size(0) * positions(output, 2) * samples * kBilinearWeights;
}

// (grad, rois, ..., sampling_ratio, aligned): per gradient element a division; to four neighbours of every point a product and an
// addition.
void count_roi_align_backward(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& grad = call.tensor(std::size_t{0});
  const Count samples = samples_per_bin(call.argument("sampling_ratio"));
  cost.flops += grad.numel() * (samples * 8 + 1);
  cost.flops += grad.size(0) * positions(grad, 2) * samples * kBilinearWeights;
}

// (input, weight, offset, mask, bias, ...): the input is sampled at every tap, times the mask, then convolved.
void count_deformable_convolution(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& output = call.output();
  const Deformable work =
      deformable(call.tensor(std::size_t{0}), call.tensor(1), output, call.argument("offset_groups").to_int(1));
  cost.add_macs(work.products);
  cost.flops += work.points * (kBilinearWeights + 2);  // the offsets are added to the position
  cost.flops += work.samples * (kBilinear + (call.argument("use_mask").to_bool() ? 1 : 0));
  cost.flops += output.numel();
}

// (grad, input, weight, offset, mask, bias, ...): two products. Per sample: the value again for the mask's gradient and the
// weight's (7); to four neighbours a product and an addition (8); for both offsets four weighted neighbours, a product, an
// addition (18). A mask is multiplied into each of the three and has a gradient, a product and an addition (5). The bias is a
// sum.
void count_deformable_convolution_backward(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& grad = call.tensor(std::size_t{0});
  const Deformable work = deformable(call.tensor(1), call.tensor(2), grad, call.argument("offset_groups").to_int(1));
  cost.add_macs(work.products * 2);
  cost.flops += work.points * (kBilinearWeights + 2);
  cost.flops += work.samples * (33 + (call.argument("use_mask").to_bool() ? 5 : 0));
  cost.flops += grad.numel();
}

}  // namespace

const Family nms = {
    count_nms,
    "flops = 3 boxes + 12 boxes · (boxes - 1) / 2: every pair, though a kernel skips those of boxes that are out already",
    "torchvision/csrc/ops/cpu/nms_kernel.cpp: the kernel's arithmetic"};
const Family roi_align = {
    count_roi_align,
    "flops = outputs · (8 samples + 1) + bins · 8 samples; samples = sampling_ratio^2, or at least 1 where the "
    "boxes decide (ratio 0)",
    "torchvision/csrc/ops/cpu/roi_align_kernel.cpp: the kernel's arithmetic"};
const Family roi_align_backward = {
    count_roi_align_backward,
    "flops = gradient's elements · (8 samples + 1) + bins · 8 samples; samples = sampling_ratio^2, or at "
    "least 1 where the boxes decide (ratio 0)",
    "torchvision/csrc/ops/cpu/roi_align_kernel.cpp: the kernel's arithmetic"};
const Family deformable_convolution = {
    count_deformable_convolution,
    "macs = N · out positions · weight elements; flops += 10 per sampled point, 7 (8 with a mask) per sample, outputs",
    "torchvision/csrc/ops/cpu/deform_conv2d_kernel.cpp: the kernel's arithmetic", true};
const Family deformable_convolution_backward = {
    count_deformable_convolution_backward,
    "macs = 2 · the forward's; flops += 10 per sampled point, 33 (38 with a mask) per sample, gradient's elements",
    "torchvision/csrc/ops/cpu/deform_conv2d_kernel.cpp: the kernel's arithmetic", true};

}  // namespace torchtally::formulas
