#include "formulas/families.h"

namespace torchtally::formulas {

void per_output(const OpCall& call, const Row& row, Cost& cost) {
  const Count n = call.output_elements();
  cost.flops += n * row.flops;
  cost.transcendentals += n * row.transcendentals;
}

}  // namespace torchtally::formulas
