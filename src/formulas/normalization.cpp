#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

void add_affine(const OpCall& call, Cost& cost, Count elements) {
  if (call.tensor("weight").defined()) cost.flops += elements;
  if (call.tensor("bias").defined()) cost.flops += elements;
}

// Per element: addition to the mean; subtraction, square, addition to the variance; a multiplication and an addition that
// normalize and apply weight and bias. Per channel: two divisions, + epsilon, rsqrt, times weight, times mean, bias minus that;
// the two running statistics, (1 - m) old + m new, 3 each.
void add_training(const OpCall& call, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  add_work(cost, input.numel(), {6, 0});
  add_work(cost, input.size(1), {6, 1});
  if (call.tensor("running_mean").defined()) cost.flops += input.size(1) * 6;
}

// Per element: times the scale, plus the shift. Per channel: variance + epsilon, rsqrt, times weight, times mean, bias minus
// that.
void add_inference(const OpCall& call, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  add_work(cost, input.numel(), {2, 0});
  add_work(cost, input.size(1), {4, 1});
}

// native_layer_norm, native_group_norm: the means, one per group, are the second output.
void count_layer_norm(const OpCall& call, const Row&, Cost& cost) {
  const Count elements = call.tensor(std::size_t{0}).numel();
  add_work(cost, elements, kNormalizePerElement);
  add_work(cost, call.output(1).numel(), kNormalizePerGroup);
  add_affine(call, cost, elements);
}

// (nested, weight, bias): every part's rows are as long as its last dimension, which is the same for all parts.
void count_nested_layer_norm(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  const Count elements = input.numel();
  const Count row_length = input.part_size(0, -1);
  add_work(cost, elements, kNormalizePerElement);
  if (row_length > 0) add_work(cost, elements.saturated() ? elements : Count(elements / row_length), kNormalizePerGroup);
  add_affine(call, cost, elements);
}

// (grad_out, input, ...). The normalized input again (2), where anything but the bias is asked for. Input: times weight; the sums
// of dy and of dy x (3); both subtracted, one product before and one after (4). Weight: product and sum. Bias: sum.
void count_layer_norm_backward(const OpCall& call, const Row&, Cost& cost) {
  const Count elements = call.tensor(1).numel();
  if (wants_gradient(call, 0) || wants_gradient(call, 1)) cost.flops += elements * 2;
  if (wants_gradient(call, 0)) cost.flops += elements * (call.tensor("weight").defined() ? 8 : 7);
  if (wants_gradient(call, 1)) cost.flops += elements * 2;
  if (wants_gradient(call, 2)) cost.flops += elements;
}

// Per element: square, addition, times the inverse root, times weight. Per row: division, + epsilon, rsqrt.
void count_rms_norm(const OpCall& call, const Row&, Cost& cost) {
  const Count elements = call.tensor(std::size_t{0}).numel();
  cost.flops += elements * (call.tensor("weight").defined() ? 4 : 3);
  add_work(cost, call.output(1).numel(), {2, 1});
}

// (grad_out, input, ...). The normalized input again (1). Input: times weight; the sum of dy x (2); its share subtracted, one
// product before and one after (3). Weight: product and sum.
void count_rms_norm_backward(const OpCall& call, const Row&, Cost& cost) {
  const Count elements = call.tensor(1).numel();
  cost.flops += elements;
  if (wants_gradient(call, 0)) cost.flops += elements * (call.tensor("weight").defined() ? 6 : 5);
  if (wants_gradient(call, 1)) cost.flops += elements * 2;
}

void count_batch_norm(const OpCall& call, const Row&, Cost& cost) {
  if (call.argument("training").to_bool()) {
    add_training(call, cost);
  } else {
    add_inference(call, cost);
  }
}

void count_batch_norm_training(const OpCall& call, const Row&, Cost& cost) { add_training(call, cost); }

void count_batch_norm_inference(const OpCall& call, const Row&, Cost& cost) { add_inference(call, cost); }

// Per element. The normalized input, times dy, summed (4): for the weight, and in training for the input. dy summed (1): for the
// bias, and in training for the input. Input in training: two subtractions, a product before and one after (4); else times the
// scale (1).
void count_batch_norm_backward(const OpCall& call, const Row&, Cost& cost) {
  const Argument& train = call.argument("train");
  const bool training = train.to_bool(call.argument("update").to_bool(true));
  const bool through_statistics = training && wants_gradient(call, 0);
  int flops = 0;
  if (through_statistics || wants_gradient(call, 1)) flops += 4;
  if (through_statistics || wants_gradient(call, 2)) flops += 1;
  if (wants_gradient(call, 0)) flops += training ? 4 : 1;
  cost.flops += call.tensor(std::size_t{0}).numel() * flops;
}

// (input, means, inverse deviations, running_mean, running_var, ...), one row of means per process; the input is not read. Per
// process and channel: the sum of squares, 1 / s, squared, - epsilon, times the count (4); 1 / (n + count) (2); to the joint sum,
// its own and (m - m')^2 n count factor (7); the joint mean, weighted (5); the joint count (1). Per channel: division, + epsilon,
// inverse root. Running statistics: 3 each, and n - 1 and the division by it.
void count_batch_norm_gather_stats(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& means = call.tensor(1);
  const Count channels = means.size(1);
  cost.flops += means.numel() * 19;
  add_work(cost, channels, {2, 1});
  if (call.tensor(3).defined()) cost.flops += channels * 3;
  if (call.tensor(4).defined()) cost.flops += channels * 5;
  do_not_read(cost, call.tensor(std::size_t{0}).bytes());
}

// (v, g): per element of v: square, addition, times the factor. Per norm: sqrt, g divided by it.
void count_weight_norm(const OpCall& call, const Row&, Cost& cost) {
  add_work(cost, call.tensor(std::size_t{0}).numel(), {3, 0});
  add_work(cost, call.tensor(1).numel(), {1, 1});
}

// (weight, indices, max_norm, norm_type): the rows that are looked up are read, and at most as many rescaled: square, addition,
// product per element, sqrt and a division per row.
void count_embedding_renorm(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& weight = call.tensor(std::size_t{0});
  const TensorView& indices = call.tensor(1);
  const Count elements = indices.numel() * weight.size(1);
  cost.flops += elements * 3;
  add_work(cost, indices.numel(), {1, 1});
  const Count rows = smaller(elements * element_size(weight.dtype()), weight.bytes());
  cost.bytes_read = indices.bytes() + rows;
  cost.bytes_written = rows;
}

}  // namespace

const Family layer_norm = {count_layer_norm,
                           "flops = 5 · elements + 3 · groups; += elements for a weight, for a bias; rsqrt per group",
                           "textbook definition, (x - mean) / sqrt(variance + eps)"};
const Family nested_layer_norm = {count_nested_layer_norm,
                                  "flops = 5 · elements + 3 · rows; += elements for a weight, for a bias; rsqrt per row",
                                  "textbook definition, as layer_norm"};
const Family layer_norm_backward = {
    count_layer_norm_backward,
    "flops = elements · (2 for the input or the weight; 8 for the input, 7 without weight; 2 for the weight; 1 for the bias)",
    "aten/src/ATen/native/cpu/layer_norm_kernel.cpp: the kernel's arithmetic"};
const Family rms_norm = {count_rms_norm, "flops = 3 · elements + 2 · rows; += elements for a weight; rsqrt per row",
                         "Zhang and Sennrich, Root Mean Square Layer Normalization, 3"};
const Family rms_norm_backward = {count_rms_norm_backward,
                                  "flops = elements · (1; 6 for the input, 5 without weight; 2 for the weight)",
                                  "derivative of the textbook definition"};
const Family batch_norm = {
    count_batch_norm,
    "training: flops = 6 · elements + 6 · channels, += 6 · channels for running statistics; else 2 · elements + 4 · channels; "
    "rsqrt per channel",
    "Ioffe and Szegedy, Batch Normalization, algorithms 1 and 2"};
const Family batch_norm_training = {
    count_batch_norm_training, "flops = 6 · elements + 6 · channels; += 6 · channels for running statistics; rsqrt per channel",
    "Ioffe and Szegedy, Batch Normalization, algorithm 1"};
const Family batch_norm_inference = {count_batch_norm_inference, "flops = 2 · elements + 4 · channels; rsqrt per channel",
                                     "Ioffe and Szegedy, Batch Normalization, algorithm 2"};
const Family batch_norm_backward = {
    count_batch_norm_backward,
    "flops = elements · (4 for the sum of dy · x, 1 for the sum of dy; for the input 4 in training, else 1)",
    "aten/src/ATen/native/cpu/batch_norm_kernel.cpp: the kernel's arithmetic"};
const Family batch_norm_gather_stats = {count_batch_norm_gather_stats,
                                        "flops = 19 · processes · channels + 2 · channels; += 3 · channels for the running mean, "
                                        "5 for the variance; rsqrt per channel",
                                        "aten/src/ATen/native/cuda/Normalization.cuh, batch_norm_reduce_statistics_kernel"};
const Family weight_norm = {count_weight_norm, "flops = 3 · elements + norms; sqrt per norm",
                            "Salimans and Kingma, Weight Normalization, 2"};
const Family embedding_renorm = {count_embedding_renorm,
                                 "flops = 3 · indices · embedding size + indices; sqrt per index; bytes of those rows only",
                                 "aten/src/ATen/native/Embedding.cpp, embedding_renorm_cpu_"};

}  // namespace torchtally::formulas
