// The cost of what several families are built from.
#ifndef TORCHTALLY_SRC_FORMULAS_BUILDING_BLOCKS_H_
#define TORCHTALLY_SRC_FORMULAS_BUILDING_BLOCKS_H_

#include <cstddef>
#include <cstdint>

#include "formulas/table.h"

namespace torchtally::formulas {

inline void add_work(Cost& cost, Count elements, Work each) {
  cost.flops += elements * each.flops;
  cost.transcendentals += elements * each.transcendentals;
}

// Note [Complex arithmetic]
// Counted in real operations, as textbooks write them out. A sum or a difference is 2; a product 6 (4 products, 2 additions), by
// a real number 2; a quotient 11 (6 products, 3 additions, 2 divisions), by a real number 2; a reciprocal 6 (2 squares, an
// addition, 2 divisions, a change of sign); an absolute value 3 (2 squares, an addition) and a square root. A transcendental
// function is two. So a row costs twice as much per complex element, unless it has a product, a quotient or an absolute value in
// it: it then says so with on_complex().
constexpr Work twice(Work work) { return {work.flops * 2, work.transcendentals * 2}; }

// abs() has complex operands, polar() complex results. An in-place operator on a list returns nothing.
inline bool computes_complex(const OpCall& call) {
  return is_complex(call.output().dtype()) || is_complex(call.argument(std::size_t{0}).dtype());
}

// A number, or a tensor, that is not complex. A complex number is an argument of another kind.
inline bool is_real(const Argument& factor) { return factor.kind() != Argument::Kind::kOther && !is_complex(factor.dtype()); }

// FLOPs of the product of one element and `factor`.
inline int product_flops(bool with_complex, const Argument& factor) { return !with_complex ? 1 : is_real(factor) ? 2 : 6; }

// A complex multiply-accumulate is four real ones: (a + bi)(c + di) has four products, each added to a sum.
inline void add_products(Cost& cost, Count n, DType dtype) { cost.add_macs(is_complex(dtype) ? n * 4 : n); }

inline Count smaller(Count a, Count b) { return std::int64_t{a} < std::int64_t{b} ? a : b; }

inline Count larger(Count a, Count b) { return std::int64_t{a} < std::int64_t{b} ? b : a; }

// `bytes` of the operands are not read after all.
inline void do_not_read(Cost& cost, Count bytes) {
  if (!cost.bytes_read.saturated()) cost.bytes_read = cost.bytes_read - bytes;
}

// Of a table only some rows are looked up, `selected` bytes in all: no more than the table has.
inline void read_only(Cost& cost, const TensorView& table, Count selected) {
  do_not_read(cost, table.bytes());
  cost.bytes_read += smaller(table.bytes(), selected);
}

// A number other than 1, or one that the shapes do not tell (a tensor, a list, a complex number): a kernel multiplies by it.
inline bool scales(const Argument& factor) {
  switch (factor.kind()) {
    case Argument::Kind::kNone:
      return false;
    case Argument::Kind::kInt:
    case Argument::Kind::kFloat:
    case Argument::Kind::kBool:
      return factor.to_float() != 1;
    default:
      return true;
  }
}

// Whether the gradient of the `index`-th input is asked for; every one is where the operator has no mask.
inline bool wants_gradient(const OpCall& call, std::size_t index) {
  const auto mask = call.argument("output_mask").bools();
  return index >= mask.size() || mask[index];
}

// A loss's argument.
enum Reduction : std::int64_t { kNone = 0, kMean = 1, kSum = 2 };

// An addition per element, and for the mean a division.
inline void add_reduction(const OpCall& call, Cost& cost, Count elements) {
  const std::int64_t reduction = call.argument("reduction").to_int(kMean);
  if (reduction == kNone) return;
  cost.flops += elements;
  if (reduction == kMean) cost.flops += 1;
}

// Product of the sizes from dimension `first` on.
inline Count positions(const TensorView& tensor, int first) {
  Count n = tensor.defined() ? 1 : 0;
  for (int d = first; d < tensor.dim(); ++d) n *= tensor.size(d);
  return n;
}

// Product of a pooling or convolution window, whose list may have one number for all `dims` dimensions.
inline Count window_size(const Argument& kernel, int dims) {
  Count n = 1;
  const auto sizes = kernel.ints();
  if (sizes.size() == 1) {
    for (int d = 0; d < dims; ++d) n *= sizes[0];
  } else if (sizes.empty()) {
    for (int d = 0; d < dims; ++d) n *= kernel.to_int(1);
  } else {
    for (const auto size : sizes) n *= size;
  }
  return n;
}

// Per element: maximum, subtraction, exp, addition to the sum, division.
inline constexpr Work kSoftmax{4, 1};

// Per element: 1 + erf(x / sqrt 2) is a multiplication, erf, an addition; times x / 2 are two multiplications.
inline constexpr Work kGelu{4, 1};
// Per element: x^2, x^3, its factor, + x, the outer factor, tanh, 1 +, x / 2, the product.
inline constexpr Work kGeluTanh{8, 1};

// Per element: addition to the mean; subtraction, square, addition to the variance; times the inverse deviation. Per group: two
// divisions, plus epsilon, rsqrt.
inline constexpr Work kNormalizePerElement{5, 0};
inline constexpr Work kNormalizePerGroup{3, 1};

}  // namespace torchtally::formulas

#endif  // TORCHTALLY_SRC_FORMULAS_BUILDING_BLOCKS_H_
