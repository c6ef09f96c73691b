// Losses of classes that shall stay below the target's by a margin. Which of them do is not in the shapes: as if none did.
#include <algorithm>

#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// Pairs of a sample's target and another class; samples are rows, a vector is one.
Count other_classes(const TensorView& input) {
  const Count classes = input.dim() == 0 ? Count(1) : input.size(-1);
  if (classes == 0 || input.numel().saturated()) return 0;
  return Count(input.numel() / classes) * Count(classes - 1);
}

// (input, target, order, margin, weight, reduction)
void count_multi_margin(const OpCall& call, const Row&, Cost& cost) {
  const Count samples = call.tensor(1).numel();
  const int squared = call.argument(2).to_float(1) == 2 ? 1 : 0;
  const int weighted = call.tensor(4).defined() ? 1 : 0;
  cost.flops += other_classes(call.tensor(std::size_t{0})) * (4 + squared + weighted) + samples;
  add_reduction(call, cost, samples);
}

// (gradient, input, target, order, margin, weight, reduction)
void count_multi_margin_backward(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(1);
  const int squared = call.argument(3).to_float(1) == 2 ? 2 : 0;
  const int weighted = call.tensor(5).defined() ? 1 : 0;
  cost.flops += other_classes(input) * (3 + squared + weighted) + input.numel();
}

// Pairs of a target and another class. A row of `target` lists the targets and ends at the first that is negative. If they cannot
// be read, half of all classes are taken: the most pairs.
Count target_pairs(const TensorView& target) {
  const Count size = target.dim() == 0 ? Count(1) : target.size(-1);
  if (size == 0 || target.numel().saturated()) return 0;
  const std::int64_t classes = size;
  const auto values = target.values();
  if (values.empty()) return Count(target.numel() / classes) * Count(classes / 2) * Count(classes - classes / 2);
  Count pairs;
  for (std::size_t row = 0; row < values.size(); row += static_cast<std::size_t>(classes)) {
    const auto list = values.subspan(row, static_cast<std::size_t>(classes));
    const auto end = std::find_if(list.begin(), list.end(), [](std::int64_t target_class) { return target_class < 0; });
    const std::int64_t targets = end - list.begin();
    pairs += Count(targets) * Count(classes - targets);
  }
  return pairs;
}

// (input, target, reduction)
void count_multilabel_margin(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  const Count classes = input.dim() == 0 ? Count(1) : input.size(-1);
  const Count samples = classes == 0 || input.numel().saturated() ? input.numel() : Count(input.numel() / classes);
  cost.flops += target_pairs(call.tensor(1)) * 4 + samples;
  add_reduction(call, cost, samples);
}

// (gradient, input, target, reduction, is_target)
void count_multilabel_margin_backward(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += target_pairs(call.tensor(2)) * 4 + call.tensor(1).numel();
}

constexpr std::string_view kTarget[] = {"target"};
constexpr std::string_view kMultiMargin = "aten/src/ATen/native/LossMultiMargin.cpp";
constexpr std::string_view kMultilabelMargin = "aten/src/ATen/native/LossMultiLabelMargin.cpp";

}  // namespace

const Family multi_margin = {count_multi_margin,
                             "flops = samples · (classes - 1) · (4, + 1 if squared, + 1 if weighted) + samples + reduction: "
                             "margin - target + x, maximum, sum",
                             kMultiMargin};
const Family multi_margin_backward = {count_multi_margin_backward,
                                      "flops = samples · (classes - 1) · (3, + 2 if squared, + 1 if weighted) + elements",
                                      kMultiMargin};
const Family multilabel_margin = {
    count_multilabel_margin,
    "flops = 4 · pairs of a target and another class + samples + reduction; targets not known: half of the classes",
    kMultilabelMargin, false, kTarget};
const Family multilabel_margin_backward = {
    count_multilabel_margin_backward,
    "flops = 4 · pairs of a target and another class + elements; targets not known: half of the classes", kMultilabelMargin,
    false, kTarget};

}  // namespace torchtally::formulas
