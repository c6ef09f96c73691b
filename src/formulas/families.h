// The formulas that rows of the table share. Each is a torchtally::formulas::RowFormula; conventions: torchtally/cost.h.
#ifndef TORCHTALLY_SRC_FORMULAS_FAMILIES_H_
#define TORCHTALLY_SRC_FORMULAS_FAMILIES_H_

#include "formulas/table.h"

namespace torchtally::formulas {

// row.flops and row.transcendentals per element of the outputs.
void per_output(const OpCall& call, const Row& row, Cost& cost);

}  // namespace torchtally::formulas

#endif  // TORCHTALLY_SRC_FORMULAS_FAMILIES_H_
