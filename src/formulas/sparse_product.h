// Matrix products with a sparse operand.
#ifndef TORCHTALLY_SRC_FORMULAS_SPARSE_PRODUCT_H_
#define TORCHTALLY_SRC_FORMULAS_SPARSE_PRODUCT_H_

#include "torchtally/op_call.h"

namespace torchtally::formulas {

// Multiply-adds of left x right, where either is sparse. Each stored element of the left operand meets a row of the right one,
// each of the right operand a column of the left one. Of two sparse operands the shapes don't tell which elements meet: the
// expectation if they lie independently, left · right / inner size.
Count sparse_products(const TensorView& left, const TensorView& right);

}  // namespace torchtally::formulas

#endif  // TORCHTALLY_SRC_FORMULAS_SPARSE_PRODUCT_H_
