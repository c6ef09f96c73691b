// Operators on lists of tensors that are more than the same elementwise work on each.
#include <algorithm>

#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

void count_foreach_matrix_product(const OpCall& call, const Row&, Cost& cost) {
  const auto left = call.argument(std::size_t{0}).tensors();
  const auto right = call.argument(1).tensors();
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    add_products(cost, left[i].numel() * right[i].size(-1), left[i].dtype());
  }
}

void count_foreach_power_sum(const OpCall& call, const Row&, Cost& cost) {
  const Count n = call.argument(std::size_t{0}).stored();
  const double order = call.argument(1).to_float(2);
  cost.flops += order == 0 ? n : n * 2;
  if (order != 0 && order != 1 && order != 2) cost.transcendentals += n;
}

}  // namespace

const Family foreach_matrix_product = {count_foreach_matrix_product, "macs = m · k · n, added up over the pairs",
                                       "torch.utils.flop_counter, mm_flop", true};
const Family foreach_power_sum = {count_foreach_power_sum,
                                  "per element: absolute value or square, addition; a pow if the order is not 0, 1 or 2",
                                  "textbook definition"};

}  // namespace torchtally::formulas
