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

const Family nms = {count_nms, "", ""};
const Family roi_align = {count_roi_align, "", ""};
const Family roi_align_backward = {count_roi_align_backward, "", ""};
const Family deformable_convolution = {count_deformable_convolution, "", ""};
const Family deformable_convolution_backward = {count_deformable_convolution_backward, "", ""};

}  // namespace torchtally::formulas
