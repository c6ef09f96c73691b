#include <algorithm>
#include <cmath>

#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// Per element of the input, and per element of the result:
// order 2 (the default): square, addition; sqrt.  order 1 and infinity: absolute value, addition or maximum.
// order 0: addition of a truth value.  any other: absolute value, pow, addition; pow.
void count_vector_norm(const OpCall& call, const Row&, Cost& cost) {
  const Count n = elements_of(call.argument(std::size_t{0}));
  const double order = call.argument(1).to_float(2);
  if (order == 0) {
    cost.flops += n;
  } else if (order == 1 || std::isinf(order)) {
    cost.flops += n * 2;
  } else {
    cost.flops += n * 2;
    cost.transcendentals += cost.activations;
    if (order != 2) cost.transcendentals += n;
  }
}

// One addition per element of the diagonal, and nothing else is read.
void count_trace(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& matrix = call.tensor(std::size_t{0});
  const Count diagonal = std::min<std::int64_t>(matrix.size(0), matrix.size(1));
  cost.flops += diagonal;
  cost.bytes_read = diagonal * element_size(matrix.dtype());
}

}  // namespace

const Family vector_norm = {count_vector_norm, "", ""};
const Family trace = {count_trace, "", ""};

}  // namespace torchtally::formulas
