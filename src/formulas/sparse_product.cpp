// Note [Sparse products]
// A sparse operand counts with the elements that it stores, explicit zeros and whole blocks included. A 2:4 operand is stored
// dense, with half of its columns, and the positions of the other half's zeros beside it: half of the dense product.
#include "formulas/sparse_product.h"

#include "formulas/building_blocks.h"
#include "formulas/families.h"
#include "formulas/fused_activation.h"

namespace torchtally::formulas {
namespace {

// beta * self + alpha * product on `outputs` elements.
void add_scaled_self(const OpCall& call, Cost& cost, Count outputs) {
  const Argument& beta = call.argument("beta");
  if (beta.to_float(1) != 0) cost.flops += outputs * (scales(beta) ? 2 : 1);
  if (scales(call.argument("alpha"))) cost.flops += outputs;
}

// (self, mat1, mat2): only where self has an element.
void count_sampled_product(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& self = call.tensor(std::size_t{0});
  add_products(cost, self.stored() * call.tensor(1).size(-1), self.dtype());
  add_scaled_self(call, cost, self.stored());
}

bool is_sum(std::string_view reduce) { return reduce != "amax" && reduce != "amin"; }

// (self, other, reduce): amax and amin take a maximum instead of an addition.
void count_reduced_product(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& other = call.tensor(1);
  const std::string_view reduce = call.argument(2).string();
  const Count products = sparse_products(call.tensor(std::size_t{0}), other);
  if (is_sum(reduce)) {
    cost.add_macs(products);
  } else {
    cost.flops += products * 2;
  }
  if (reduce == "mean") cost.flops += call.output().numel();
}

// (self, grad_out, weight, reduce, arg_out, output_mask): each gradient is a product, or has an element per output that was
// chosen.
void count_reduced_product_backward(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& grad = call.tensor(1);
  const std::string_view reduce = call.argument(3).string();
  for (const std::size_t input : {0, 1}) {
    if (!wants_gradient(call, input)) continue;
    if (is_sum(reduce)) {
      cost.add_macs(call.tensor(std::size_t{0}).stored() * call.tensor(2).size(-1));
    } else {
      cost.flops += grad.numel() * 2;
    }
    if (reduce == "mean") cost.flops += grad.numel();
  }
}

// (input, weight, meta) or (mat1, mat1_meta, mat2).
void count_semi_structured_linear(const OpCall& call, const Row&, Cost& cost) {
  cost.add_macs(call.output().numel() * call.tensor(1).size(-1));
  if (call.tensor("bias").defined()) cost.flops += cost.activations;
  add_work(cost, cost.activations, fused_activation(call.argument("activation").string()));
}

void count_semi_structured_product(const OpCall& call, const Row&, Cost& cost) {
  cost.add_macs(call.output().numel() * call.tensor(std::size_t{0}).size(-1));
}

// (input, mat1, mat1_meta, mat2, alpha, beta)
void count_added_semi_structured_product(const OpCall& call, const Row&, Cost& cost) {
  cost.add_macs(call.output().numel() * call.tensor(1).size(-1));
  add_scaled_self(call, cost, cost.activations);
}

// (compressed_A, dense_B, bias, alpha, ...): values and their positions are one tensor, so the size is that of the dense operand.
void count_compressed_product(const OpCall& call, const Row&, Cost& cost) {
  cost.add_macs(call.output().numel() * (call.tensor(1).size(0) / 2));
  if (call.tensor(2).defined()) cost.flops += cost.activations;
  if (call.tensor(3).defined()) cost.flops += cost.activations;
}

constexpr std::string_view kStored = "textbook definition: a multiply-add per pair of elements that are stored";
constexpr std::string_view kSparseTensorCores = "cuSPARSELt: 2:4 structured sparsity, half of the dense product";

}  // namespace

Count sparse_products(const TensorView& left, const TensorView& right) {
  if (!right.is_sparse()) return left.stored() * (right.dim() < 2 ? Count(1) : right.size(-1));
  if (left.is_sparse()) {
    const Count all = left.stored() * right.stored();
    const Count inner = left.size(-1);
    return all.saturated() || inner == 0 ? all : Count(all / inner);
  }
  // A batch of matrices on the right stores its own elements for each; a single one is there for all rows.
  Count rows = left.dim() > 1 ? left.size(-2) : Count(1);
  for (int d = 0; right.dim() == 2 && d < left.dim() - 2; ++d) rows *= left.size(d);
  return rows * right.stored();
}

const Family sampled_product = {
    count_sampled_product,
    "macs = stored elements of self · inner size; per stored element flops += 1 for self unless beta is 0, "
    "1 each for beta and alpha other than 1",
    kStored, true};
const Family reduced_product = {
    count_reduced_product,
    "macs = stored elements · columns; mean: flops += outputs; amax, amin: flops += 2 stored elements · "
    "columns instead",
    "aten/src/ATen/native/cpu/SpmmReduceKernel.cpp: the kernel's arithmetic", true};
const Family reduced_product_backward = {count_reduced_product_backward,
                                         "per gradient asked for macs = stored elements · columns; mean: flops += gradient's "
                                         "elements; amax, amin: flops += 2 gradient's "
                                         "elements instead",
                                         "aten/src/ATen/native/cpu/SpmmReduceKernel.cpp: the kernel's arithmetic", true};
const Family semi_structured_linear = {count_semi_structured_linear,
                                       "macs = outputs · in / 2; flops += outputs if there is a bias, relu or silu",
                                       kSparseTensorCores, true};
const Family semi_structured_product = {count_semi_structured_product, "macs = outputs · inner size / 2", kSparseTensorCores,
                                        true};
const Family added_semi_structured_product = {
    count_added_semi_structured_product,
    "macs = outputs · inner size / 2; flops += outputs for self unless beta is 0, outputs each for beta and alpha other than 1",
    kSparseTensorCores, true};
const Family compressed_product = {count_compressed_product,
                                   "macs = outputs · inner size / 2; flops += outputs each for bias and alpha",
                                   kSparseTensorCores, true};

}  // namespace torchtally::formulas
