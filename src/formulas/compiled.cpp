// Operators that only torch.compile makes.
#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// inductor::_mm_plus_mm(a, b, c, d, out)
void count_sum_of_products(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& a = call.tensor(std::size_t{0});
  const TensorView& c = call.tensor(2);
  add_products(cost, a.numel() * call.tensor(1).size(-1), a.dtype());
  add_products(cost, c.numel() * call.tensor(3).size(-1), c.dtype());
  cost.flops += cost.activations;
}

// inductor::accumulate_grad_(variable, variable_grad, new_grad). The variable itself is not touched, and without a gradient the
// new one takes its place as it is.
void count_accumulate_grad(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& sum = call.tensor("variable_grad");
  const TensorView& added = call.tensor("new_grad");
  const bool adds = sum.defined() && added.defined();
  cost.flops += adds ? added.numel() : Count();
  cost.bytes_read = adds ? sum.bytes() + added.bytes() : Count();
  cost.bytes_written = adds ? sum.bytes() : Count();
}

}  // namespace

const Family sum_of_products = {count_sum_of_products, "macs = m · k1 · n + m · k2 · n; flops += m · n",
                                "torch/csrc/inductor/inductor_ops.cpp, _mm_plus_mm_out"};
const Family accumulate_grad = {count_accumulate_grad, "flops = elements of the new gradient, if there is one to add it to",
                                "torch/csrc/autograd/functions/accumulate_grad.h, accumulateGrad"};

}  // namespace torchtally::formulas
