#include "formulas/building_blocks.h"
#include "formulas/families.h"
#include "formulas/fused_activation.h"
#include "formulas/sparse_product.h"

namespace torchtally::formulas {
namespace {

// (..., m, k) x (..., k, n): every element of the left operand meets n of the right one; a vector on the right has one column.
Count products(const TensorView& left, const TensorView& right) {
  if (left.is_sparse() || right.is_sparse()) return sparse_products(left, right);
  if (right.layout() == Layout::kNested) {
    Count n;
    for (std::int64_t i = 0; i < right.parts(); ++i) n += left.part_numel(i) * right.part_size(i, -1);
    return n;
  }
  return right.dim() < 2 ? left.numel() : left.numel() * right.size(-1);
}

// Two 4-bit elements share a byte there: each stored element is two of the product.
Count unpacked(Count n, DType dtype) { return dtype == DType::kFloat4E2M1FNx2 ? n * 2 : n; }

// beta * self + alpha * product. ATen neither reads nor adds self where beta is 0.
void add_scaled_self(const OpCall& call, Cost& cost) {
  const std::size_t beta = call.overload().substr(0, 5) == "dtype" ? 4 : 3;  // addmm.dtype has the output's type in between
  const bool adds = call.argument(beta).to_float(1) != 0;
  if (adds) cost.flops += cost.activations;
  if (!adds) cost.bytes_read = call.argument(1).bytes() + call.argument(2).bytes();
  if (adds && scales(call.argument(beta))) cost.flops += cost.activations;
  if (scales(call.argument(beta + 1))) cost.flops += cost.activations;
}

void count_matrix_product(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& left = call.tensor(std::size_t{0});
  add_products(cost, products(left, call.tensor(1)), left.dtype());
}

void count_added_matrix_product(const OpCall& call, const Row& row, Cost& cost) {
  const TensorView& left = call.tensor(1);
  add_products(cost, products(left, call.tensor(2)), left.dtype());
  add_scaled_self(call, cost);
  // _addmm_activation ends in a relu or a gelu.
  if (row.each.flops > 0) add_work(cost, cost.activations, call.argument("use_gelu").to_bool() ? kGelu : row.each);
}

void count_outer_product(const OpCall& call, const Row&, Cost& cost) {
  add_products(cost, call.tensor(1).numel() * call.tensor(2).numel(), call.tensor(1).dtype());
  add_scaled_self(call, cost);
}

void count_scaled_matrix_product(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& left = call.tensor(std::size_t{0});
  cost.add_macs(unpacked(products(left, call.tensor(1)), left.dtype()));
  if (call.tensor("bias").defined()) cost.flops += cost.activations;
}

// One product per group. A two-dimensional operand has the groups one after the other along one dimension; where that is the
// right operand's only (the left one is (groups, m, k)), a column meets the rows of its own group.
void count_grouped_matrix_product(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& left = call.tensor(std::size_t{0});
  const TensorView& right = call.tensor(1);
  const bool columns_are_grouped = left.dim() == 3 && right.dim() == 2;
  const Count n = columns_are_grouped ? left.size(1) * left.size(2) * right.size(1) : products(left, right);
  cost.add_macs(unpacked(n, left.dtype()));
  if (call.tensor("bias").defined()) cost.flops += cost.activations;
}

Count inner_products(const TensorView& output, const TensorView& left) {
  Count n;
  for (std::int64_t i = 0; i < output.parts(); ++i) n += output.part_numel(i) * left.part_size(i, -1);
  return n;
}

// Every output element is a sum over the last dimension of the left operand, however batches broadcast.
void count_matmul(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& left = call.tensor(std::size_t{0});
  add_products(cost, inner_products(call.output(), left), left.dtype());
}

// (grad, self, other, mask): either gradient meets the other operand as self and other did.
void count_matmul_backward(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& grad = call.tensor(std::size_t{0});
  const Count product = inner_products(grad, call.tensor(1));
  for (const bool wanted : call.argument(3).bools()) {
    if (wanted) add_products(cost, product, grad.dtype());
  }
}

// (self, other, dims_self, dims_other)
void count_tensordot(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& self = call.tensor(std::size_t{0});
  Count contracted = 1;
  for (const auto d : call.argument(2).ints()) contracted *= self.size(static_cast<int>(d));
  add_products(cost, call.output().numel() * contracted, self.dtype());
}

// (input (n, ...), coefficients (m, n)): an elementwise kernel, no matrix product.
void count_linear_combination(const OpCall& call, const Row&, Cost& cost) {
  const bool complex = is_complex(call.output().dtype());
  cost.flops += call.output().numel() * call.tensor(1).size(-1) * (complex ? 8 : 2);
}

// input (..., in), weight (out, in) or (in), bias.
void count_linear(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  const TensorView& weight = call.tensor(1);
  const Count dense = weight.dim() < 2 ? input.numel() : input.numel() * weight.size(0);
  add_products(cost, weight.is_sparse() ? sparse_products(input, weight) : dense, input.dtype());
  if (call.tensor(2).defined()) cost.flops += cost.activations;
}

// Of a linear layer whose weight is packed in one way or another: outputs and input tell its size.
void add_packed_linear(const OpCall& call, Cost& cost) {
  cost.add_macs(call.output().numel() * call.tensor(std::size_t{0}).size(-1));
}

// The elements of that weight.
Count packed_weight(const OpCall& call) { return call.output().size(-1) * call.tensor(std::size_t{0}).size(-1); }

void count_int4_linear(const OpCall& call, const Row&, Cost& cost) {
  add_packed_linear(call, cost);
  cost.flops += packed_weight(call) * 3;
}

void count_int8_linear(const OpCall& call, const Row&, Cost& cost) {
  add_packed_linear(call, cost);
  cost.flops += cost.activations;
}

// (input, weight, scale, bias, activation)
void count_mixed_linear(const OpCall& call, const Row&, Cost& cost) {
  add_packed_linear(call, cost);
  cost.flops += packed_weight(call);
  if (call.tensor("bias").defined()) cost.flops += cost.activations;
  add_work(cost, cost.activations, fused_activation(call.argument("activation").string()));
}

// (inp, packed_weights, block_size, in_features, out_features): the bias, if there is one, can't be seen.
void count_dynamically_quantized_linear(const OpCall& call, const Row&, Cost& cost) {
  add_packed_linear(call, cost);
  const std::int64_t block = call.argument(2).to_int();
  const std::int64_t blocks = block > 0 ? call.argument(3).to_int() / block : 0;
  cost.flops += call.tensor(std::size_t{0}).numel() * 4 + cost.activations * blocks * 2;
}

// (X, W, B, attr, ...) or (X, other, W, B, attr).
void count_pointwise_linear(const OpCall& call, const Row&, Cost& cost) {
  add_packed_linear(call, cost);
  if (call.tensor("B").defined()) cost.flops += cost.activations;
  add_fused_pointwise(call, cost);
}

// (X, MKL_W, ORI_W, B, batch_size): one of the weights is read.
void count_mkl_linear(const OpCall& call, const Row&, Cost& cost) {
  add_packed_linear(call, cost);
  if (call.tensor(3).defined()) cost.flops += cost.activations;
  cost.bytes_read = call.argument(0).bytes() + call.argument(2).bytes() + call.argument(3).bytes();
}

void count_prepacked_linear(const OpCall& call, const Row&, Cost& cost) { add_packed_linear(call, cost); }

// (input, grad_output, weight, output_mask): one product for the input, one for the weight, a sum for the bias.
void count_linear_backward(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& grad = call.tensor(1);
  const Count product = grad.numel() * call.tensor(2).size(-1);
  if (wants_gradient(call, 0)) add_products(cost, product, grad.dtype());
  if (wants_gradient(call, 1)) add_products(cost, product, grad.dtype());
  if (wants_gradient(call, 2)) cost.flops += grad.numel();
}

// (input_size, grad_output, weight)
void count_linear_backward_input(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& grad = call.tensor(1);
  add_products(cost, grad.numel() * call.tensor(2).size(-1), grad.dtype());
}

// (grad_output, input, weight, bias_defined)
void count_linear_backward_weights(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& grad = call.tensor(std::size_t{0});
  add_products(cost, grad.numel() * call.tensor(1).size(-1), grad.dtype());
  if (call.argument(3).to_bool()) cost.flops += grad.numel();
}

// _trilinear(i1, i2, i3, expand1, expand2, expand3, sumdim): a dimension in expandK is 1 in the K-th operand. First i1 x i2,
// summed over the dimensions that i3 does not have, then the result times i3.
void count_trilinear(const OpCall& call, const Row&, Cost& cost) {
  struct Operand {
    TensorView tensor;
    absl::Span<const std::int64_t> expanded;
    int next = 0;

    bool has(int dim) const {
      for (const auto d : expanded) {
        if (d == dim) return false;
      }
      return true;
    }
    Count take(int dim) { return has(dim) ? tensor.size(next++) : Count(1); }
  };
  Operand first{call.tensor(std::size_t{0}), call.argument(3).ints()};
  Operand second{call.tensor(1), call.argument(4).ints()};
  Operand third{call.tensor(2), call.argument(5).ints()};
  const auto summed = call.argument(6).ints();

  const int dims = first.tensor.dim() + static_cast<int>(first.expanded.size());
  Count pair = 1;
  Count whole = 1;
  for (int d = 0; d < dims; ++d) {
    bool sums = false;
    for (const auto s : summed) sums = sums || s == d;
    const Count a = first.take(d);
    const Count b = second.take(d);
    const Count c = third.take(d);
    const Count both = a > b ? a : b;
    pair *= both;
    if (!(sums && !third.has(d))) whole *= both > c ? both : c;
  }
  add_products(cost, pair + whole, first.tensor.dtype());
}

constexpr std::string_view kFlopCounter = "torch.utils.flop_counter, mm_flop";

}  // namespace

const Family matrix_product = {
    count_matrix_product,
    "macs = batch · m · k · n (complex: 4 times); nested: summed over parts; sparse: stored elements of that operand · columns "
    "(rows) "
    "of the other; two sparse ones: estimated as stored · stored / k, which holds if their elements lie independently",
    kFlopCounter, true};
const Family added_matrix_product = {count_added_matrix_product,
                                     "macs = batch · m · k · n (complex: 4 times; sparse: as mm); flops += outputs for self "
                                     "unless beta is 0, outputs each for beta and "
                                     "alpha other than 1, relu or gelu",
                                     kFlopCounter, true};
const Family outer_product = {count_outer_product,
                              "macs = m · n; flops += outputs for self, outputs each for beta and alpha other than 1",
                              "textbook definition", true};
const Family scaled_matrix_product = {count_scaled_matrix_product,
                                      "macs = m · k · n (4-bit elements: both of a byte); flops += outputs if there is a bias",
                                      "torch.utils.flop_counter, _scaled_mm_flop", true};
const Family grouped_matrix_product = {
    count_grouped_matrix_product,
    "macs = sum over groups of m · k · n (4-bit elements: both of a byte); flops += outputs if there is a bias",
    "textbook definition; rows beyond the last offset count", true};
const Family matmul = {count_matmul, "macs = outputs · k (complex: 4 times); nested: summed over parts", kFlopCounter, true};
const Family matmul_backward = {count_matmul_backward,
                                "macs = gradient's elements · k per gradient asked for; nested: summed over parts", kFlopCounter,
                                true};
const Family tensordot = {count_tensordot, "macs = outputs · contracted sizes", "textbook definition", true};
const Family linear_combination = {count_linear_combination, "flops = 2 outputs · coefficients of each (complex: 8)",
                                   "aten/src/ATen/native/cpu/FunctionOfAMatrixUtilsKernel.cpp: the kernel's arithmetic"};
const Family linear = {count_linear, "macs = rows · in · out; flops += outputs if there is a bias", kFlopCounter, true};
const Family int4_linear = {count_int4_linear,
                            "macs = rows · in · out; flops += 3 in · out (each weight minus 8, times scale, plus zero point)",
                            "aten/src/ATen/native/cpu/int4mm_kernel.cpp: the kernel's arithmetic", true};
const Family int8_linear = {count_int8_linear, "macs = rows · in · out; flops += outputs (scale)",
                            "aten/src/ATen/native/cpu/int8mm_kernel.cpp: the kernel's arithmetic"};
const Family mixed_linear = {
    count_mixed_linear,
    "macs = rows · in · out; flops += in · out (scale of each weight), outputs if there is a bias, relu or silu",
    "CUTLASS mixed-input products: the kernel's arithmetic"};
const Family dynamically_quantized_linear = {count_dynamically_quantized_linear,
                                             "macs = rows · in · out; flops += 4 inputs (minimum, maximum, scale, rounding) + 2 "
                                             "outputs · in / block (both scales); the bias "
                                             "inside the packed weight is not seen",
                                             "KleidiAI, matmul_clamp_f32_qai8dxp_qsi4: the kernel's arithmetic", true};
const Family pointwise_linear = {count_pointwise_linear,
                                 "macs = rows · in · out; flops, transcendentals += bias, other operand, activation, per output",
                                 "oneDNN: inner product with post-operations", true};
const Family mkl_linear = {count_mkl_linear, "macs = rows · in · out; flops += outputs if there is a bias", kFlopCounter, true};
const Family prepacked_linear = {
    count_prepacked_linear, "macs = rows · in · out; bias and bounds inside the packed weight are not seen", kFlopCounter, true};
const Family linear_backward = {count_linear_backward,
                                "macs = rows · in · out each for input and weight if asked for; flops += rows · out for the bias",
                                kFlopCounter, true};
const Family linear_backward_input = {count_linear_backward_input, "macs = rows · in · out", kFlopCounter, true};
const Family linear_backward_weights = {count_linear_backward_weights,
                                        "macs = rows · in · out; flops += rows · out if there is a bias", kFlopCounter, true};
const Family trilinear = {count_trilinear,
                          "macs = elements of i1 · i2 broadcast + elements of that summed, · i3 broadcast (complex: 4 times)",
                          "aten/src/ATen/native/Linear.cpp, _trilinear: the kernel's products", true};

}  // namespace torchtally::formulas
