#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// (..., m, k) x (..., k, n): every element of the left operand meets n of the right one; a vector on the right has one column.
Count products(const TensorView& left, const TensorView& right) {
  return right.dim() < 2 ? left.numel() : left.numel() * right.size(-1);
}

// beta * self + alpha * product. ATen neither reads nor adds self where beta is 0.
void add_scaled_self(const OpCall& call, Cost& cost) {
  const std::size_t beta = call.overload().substr(0, 5) == "dtype" ? 4 : 3;  // addmm.dtype has the output's type in between
  const bool adds = call.argument(beta).to_float(1) != 0;
  if (adds) cost.flops += cost.activations;
  if (!adds) cost.bytes_read = bytes_of(call.argument(1)) + bytes_of(call.argument(2));
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

// Two 4-bit elements share a byte there: each stored element of the left operand is two of the product.
void count_scaled_matrix_product(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& left = call.tensor(std::size_t{0});
  const Count n = products(left, call.tensor(1));
  cost.add_macs(left.dtype() == DType::kFloat4E2M1FNx2 ? n * 2 : n);
  if (call.tensor("bias").defined()) cost.flops += cost.activations;
}

// One product per group. A two-dimensional operand has the groups one after the other along one dimension; where that is the
// right operand's only (the left one is (groups, m, k)), a column meets the rows of its own group.
void count_grouped_matrix_product(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& left = call.tensor(std::size_t{0});
  const TensorView& right = call.tensor(1);
  const bool columns_are_grouped = left.dim() == 3 && right.dim() == 2;
  cost.add_macs(columns_are_grouped ? left.size(1) * left.size(2) * right.size(1) : products(left, right));
  if (call.tensor("bias").defined()) cost.flops += cost.activations;
}

// Every output element is a sum over the last dimension of the left operand, however batches broadcast.
void count_matmul(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& left = call.tensor(std::size_t{0});
  add_products(cost, call.output().numel() * left.size(-1), left.dtype());
}

// input (..., in), weight (out, in) or (in), bias.
void count_linear(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  const TensorView& weight = call.tensor(1);
  add_products(cost, weight.dim() < 2 ? input.numel() : input.numel() * weight.size(0), input.dtype());
  if (call.tensor(2).defined()) cost.flops += cost.activations;
}

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

}  // namespace

const Family matrix_product = {count_matrix_product, "", ""};
const Family added_matrix_product = {count_added_matrix_product, "", ""};
const Family outer_product = {count_outer_product, "", ""};
const Family scaled_matrix_product = {count_scaled_matrix_product, "", ""};
const Family grouped_matrix_product = {count_grouped_matrix_product, "", ""};
const Family matmul = {count_matmul, "", ""};
const Family linear = {count_linear, "", ""};
const Family linear_backward = {count_linear_backward, "", ""};
const Family linear_backward_input = {count_linear_backward_input, "", ""};
const Family linear_backward_weights = {count_linear_backward_weights, "", ""};
const Family trilinear = {count_trilinear, "", ""};

}  // namespace torchtally::formulas
