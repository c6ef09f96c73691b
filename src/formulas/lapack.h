// Operation counts of LAPACK's routines, to the digit: LAPACK Working Note 41, appendix C, where a division counts as a
// multiplication. The note's polynomials are written as the sums over the columns that they come from: whole numbers, without a
// difference that could go below zero. Square roots are not among them.
#ifndef TORCHTALLY_SRC_FORMULAS_LAPACK_H_
#define TORCHTALLY_SRC_FORMULAS_LAPACK_H_

#include <algorithm>

#include "torchtally/count.h"

namespace torchtally::formulas::lapack {

struct Operations {
  Count multiplications;
  Count additions;

  friend constexpr Operations operator+(Operations a, Operations b) {
    return {a.multiplications + b.multiplications, a.additions + b.additions};
  }
  friend constexpr Operations operator*(Operations operations, Count n) {
    return {operations.multiplications * n, operations.additions * n};
  }
};

// What is divided here is a multiple of the divisor.
constexpr Count quotient(Count sum, int divisor) { return sum.saturated() ? sum : Count(sum / divisor); }

// 0 + 1 + ... + (n - 1), and the same of squares.
constexpr Count sum_below(Count n) { return n == 0 ? Count() : quotient(n * (n - 1), 2); }
constexpr Count sum_of_squares_below(Count n) { return n == 0 ? Count() : quotient(n * (n - 1) * (n * 2 - 1), 6); }

// (m - 1) + (m - 2) + ... + (m - k), for k <= m.
constexpr Count sum_to(Count m, Count k) { return k * (m - k) + sum_below(k); }

constexpr Count smaller(Count a, Count b) { return std::min<std::int64_t>(a, b); }

// Cholesky factors of n x n. Column j of those that are left: a reciprocal, j products, and the triangle below is updated.
constexpr Operations potrf(Count n) {
  const Count updates = quotient(sum_of_squares_below(n) + sum_below(n), 2);
  return {updates + sum_below(n) + n, updates};
}

// The inverse from Cholesky factors.
constexpr Operations potri(Count n) { return {sum_of_squares_below(n) + sum_below(n) * 3 + n * 2, sum_of_squares_below(n)}; }

// One right-hand side, by Cholesky factors: two triangular systems.
constexpr Operations potrs(Count n) { return {n * (n + 1), sum_below(n) * 2}; }

// LU factors of m x n, with partial pivoting. Per column: a reciprocal, the column times it, the rest is updated. The note has
// m >= n alone; a wide matrix is counted likewise.
constexpr Operations getrf(Count m, Count n) {
  const Count k = smaller(m, n);
  const Count updates = sum_below(k) * (m + n - k * 2) + sum_of_squares_below(k);
  return {updates + sum_to(m, k) + k, updates};
}

// One right-hand side, by LU factors: two triangular systems, one with a diagonal of ones.
constexpr Operations getrs(Count n) { return {n * n, sum_below(n) * 2}; }

// LDL factors of n x n with pivots of one or two columns (also hetrf), and one right-hand side.
constexpr Operations sytrf(Count n) {
  const Count updates = quotient(sum_of_squares_below(n) + sum_below(n), 2);
  return {updates + sum_below(n) + n * 4, updates};
}
constexpr Operations sytrs(Count n) { return {n * (n + 1), sum_below(n) * 2}; }

// One right-hand side of a triangular system.
constexpr Operations trsm(Count n, bool unit_diagonal) { return {sum_below(n) + (unit_diagonal ? Count() : n), sum_below(n)}; }

// Products with which k reflectors of m, m - 1, ... elements meet the n - 1, n - 2, ... columns behind them: the sum of
// (m - j + 1)(n - j) over j from 1 to k, for k <= min(m, n).
constexpr Count reflections(Count m, Count n, Count k) {
  const Count rows = m - k + 1;
  const Count columns = n - k;
  return rows * columns * k + (rows + columns) * sum_below(k) + sum_of_squares_below(k);
}

// Householder QR of m x n. A reflector: the norm and the scaling of the column below the diagonal, six multiplications and two
// additions for its factors. Each column behind it: a product with the reflector, times its factor, a multiple subtracted.
constexpr Operations geqrf(Count m, Count n) {
  const Count k = smaller(m, n);
  const Count products = reflections(m, n, k) * 2;
  return {products + sum_to(m, k) * 2 + sum_to(n, k) + k * 6, products + sum_to(m, k) + k * 2};
}

// Q, m x n, from k reflectors.
constexpr Operations orgqr(Count m, Count n, Count reflectors) {
  const Count k = smaller(reflectors, smaller(m, n));
  const Count products = reflections(m, n, k) * 2;
  return {products + sum_to(n, k) + sum_to(m, k), products + k};
}

// Q of k reflectors times C, m x n; or C times Q.
constexpr Operations ormqr(bool left, Count m, Count n, Count reflectors) {
  const Count order = left ? m : n;
  const Count others = left ? n : m;
  const Count k = smaller(reflectors, order);
  const Count elements = sum_to(order, k) + k;  // of all reflectors
  const Count products = others * elements * 2;
  return {products + (left ? others * k : elements), products};
}

}  // namespace torchtally::formulas::lapack

#endif  // TORCHTALLY_SRC_FORMULAS_LAPACK_H_
