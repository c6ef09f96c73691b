// Factorizations and solvers: direct methods against loop nests that count each operation, the others by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "call_builder.h"

namespace torchtally {
namespace {

// What the loops below count. A division is a multiplication.
struct Counted {
  std::int64_t multiplications = 0;
  std::int64_t additions = 0;
  std::int64_t roots = 0;

  std::int64_t real() const { return multiplications + additions; }
  std::int64_t complex() const { return multiplications * 6 + additions * 2; }
};

// a(i, l) -= a(i, j) a(l, j) below the diagonal, after column j is divided by its root.
Counted cholesky(std::int64_t n) {
  Counted count;
  for (std::int64_t j = 0; j < n; ++j) {
    ++count.roots;
    ++count.multiplications;  // reciprocal of the root
    for (std::int64_t i = j + 1; i < n; ++i) ++count.multiplications;
    for (std::int64_t i = j + 1; i < n; ++i) {
      for (std::int64_t l = j + 1; l <= i; ++l) {
        ++count.multiplications;
        ++count.additions;
      }
    }
  }
  return count;
}

// a(i, l) -= a(i, j) a(j, l), after column j is divided by its pivot.
Counted lu(std::int64_t m, std::int64_t n) {
  Counted count;
  for (std::int64_t j = 0; j < std::min(m, n); ++j) {
    ++count.multiplications;  // reciprocal of the pivot
    for (std::int64_t i = j + 1; i < m; ++i) {
      ++count.multiplications;
      for (std::int64_t l = j + 1; l < n; ++l) {
        ++count.multiplications;
        ++count.additions;
      }
    }
  }
  return count;
}

// x(i) = (b(i) - sum of a(i, j) x(j)) / a(i, i)
Counted triangular_solve(std::int64_t n, std::int64_t sides, bool unit_diagonal) {
  Counted count;
  for (std::int64_t side = 0; side < sides; ++side) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < i; ++j) {
        ++count.multiplications;
        ++count.additions;
      }
      if (!unit_diagonal) ++count.multiplications;
    }
  }
  return count;
}

Counted operator+(Counted a, Counted b) {
  return {a.multiplications + b.multiplications, a.additions + b.additions, a.roots + b.roots};
}

// w = column · v; column -= (tau w) v. The first element of v is one, and multiplied with all the same.
void reflect(Counted& count, std::int64_t length, std::int64_t columns) {
  for (std::int64_t column = 0; column < columns; ++column) {
    for (std::int64_t i = 0; i < length; ++i) {
      ++count.multiplications;
      ++count.additions;
    }
    ++count.multiplications;
    for (std::int64_t i = 0; i < length; ++i) {
      ++count.multiplications;
      ++count.additions;
    }
  }
}

// As LAPACK's larfg makes a reflector and larf applies it.
Counted householder_qr(std::int64_t m, std::int64_t n) {
  Counted count;
  for (std::int64_t j = 0; j < std::min(m, n); ++j) {
    for (std::int64_t i = j + 1; i < m; ++i) {  // norm of what is below the diagonal
      ++count.multiplications;
      if (i > j + 1) ++count.additions;
    }
    ++count.roots;
    ++count.multiplications;     // scale sqrt(sum)
    count.multiplications += 3;  // beta = w sqrt(1 + (z / w)^2)
    if (m > j + 1) ++count.additions;
    ++count.roots;
    ++count.additions;  // tau = (beta - alpha) / beta
    ++count.multiplications;
    ++count.additions;  // 1 / (alpha - beta)
    ++count.multiplications;
    for (std::int64_t i = j + 1; i < m; ++i) ++count.multiplications;
    reflect(count, m - j, n - j - 1);
  }
  return count;
}

// From the last reflector to the first, on the columns behind it; its own column is -tau v, with 1 - tau on the diagonal.
Counted make_q(std::int64_t m, std::int64_t n, std::int64_t k) {
  Counted count;
  for (std::int64_t j = k - 1; j >= 0; --j) {
    reflect(count, m - j, n - j - 1);
    for (std::int64_t i = j + 1; i < m; ++i) ++count.multiplications;
    ++count.additions;
  }
  return count;
}

class RandomMatrix : public testing::TestWithParam<int> {
 protected:
  RandomMatrix() {
    std::mt19937 generator(4711 + GetParam());
    for (auto* size : {&b, &m, &n, &sides}) *size = std::uniform_int_distribution<std::int64_t>(1, 9)(generator);
  }
  std::int64_t b = 0, m = 0, n = 0, sides = 0;
};

TEST_P(RandomMatrix, Cholesky) {
  CallBuilder call("aten::linalg_cholesky_ex");
  call.tensor("self", {b, n, n}).returns({b, n, n}).returns({b}, DType::kInt32);
  EXPECT_THAT(call.cost(), Costs(0, b * cholesky(n).real(), b * cholesky(n).roots));

  CallBuilder complex("aten::cholesky");
  complex.tensor("self", {n, n}, DType::kComplex64).returns({n, n}, DType::kComplex64);
  EXPECT_THAT(complex.cost(), Costs(0, cholesky(n).complex(), cholesky(n).roots));
}

TEST_P(RandomMatrix, Lu) {
  for (const auto name : {"aten::linalg_lu", "aten::linalg_lu_factor_ex"}) {
    CallBuilder call(name);
    call.tensor("A", {b, m, n}).returns({b, m, n});
    EXPECT_THAT(call.cost(), Costs(0, b * lu(m, n).real(), 0));
  }
  CallBuilder complex("aten::linalg_lu_factor_ex");
  complex.tensor("A", {m, n}, DType::kComplex128).returns({m, n}, DType::kComplex128);
  EXPECT_THAT(complex.cost(), Costs(0, lu(m, n).complex(), 0));
}

TEST_P(RandomMatrix, TriangularSystems) {
  for (const bool unit : {false, true}) {
    const Counted expected = triangular_solve(n, sides, unit);
    CallBuilder left("aten::linalg_solve_triangular");
    left.tensor("self", {b, n, n}).tensor("B", {b, n, sides}).flag("upper", true).flag("left", true);
    left.flag("unitriangular", unit).returns({b, n, sides});
    EXPECT_THAT(left.cost(), Costs(0, b * expected.real(), 0));

    CallBuilder right("aten::linalg_solve_triangular");
    right.tensor("self", {n, n}, DType::kComplex64).tensor("B", {sides, n}, DType::kComplex64).flag("upper", true);
    right.flag("left", false).flag("unitriangular", unit).returns({sides, n}, DType::kComplex64);
    EXPECT_THAT(right.cost(), Costs(0, expected.complex(), 0));

    CallBuilder swapped("aten::triangular_solve");
    swapped.tensor("self", {b, n, sides}).tensor("A", {b, n, n}).flag("upper", true).flag("transpose", false);
    swapped.flag("unitriangular", unit).returns({b, n, sides}).returns({b, n, n});
    EXPECT_THAT(swapped.cost(), Costs(0, b * expected.real(), 0));
  }
}

// Two triangular systems: by Cholesky factors both with a diagonal, by LU factors one.
TEST_P(RandomMatrix, SolveByFactors) {
  const Counted full = triangular_solve(n, sides, false);
  const Counted unit = triangular_solve(n, sides, true);

  CallBuilder by_cholesky("aten::cholesky_solve");
  by_cholesky.tensor("self", {b, n, sides}).tensor("input2", {b, n, n}).returns({b, n, sides});
  EXPECT_THAT(by_cholesky.cost(), Costs(0, b * (full + full).real(), 0));

  CallBuilder by_lu("aten::linalg_lu_solve");
  by_lu.tensor("LU", {b, n, n}).tensor("pivots", {b, n}, DType::kInt32).tensor("B", {b, n, sides}).returns({b, n, sides});
  EXPECT_THAT(by_lu.cost(), Costs(0, b * (full + unit).real(), 0));

  CallBuilder solve("aten::_linalg_solve_ex");
  solve.tensor("A", {b, n, n}).tensor("B", {b, n, sides}).returns({b, n, sides}).returns({b, n, n});
  EXPECT_THAT(solve.cost(), Costs(0, b * (lu(n, n) + full + unit).real(), 0));

  CallBuilder inverse("aten::linalg_inv_ex");
  inverse.tensor("A", {b, n, n}).returns({b, n, n}).returns({b}, DType::kInt32);
  const Counted identity = triangular_solve(n, n, false) + triangular_solve(n, n, true);
  EXPECT_THAT(inverse.cost(), Costs(0, b * (lu(n, n) + identity).real(), 0));
}

TEST_P(RandomMatrix, Qr) {
  const Counted reflectors = householder_qr(m, n);
  const std::int64_t k = std::min(m, n);
  CallBuilder geqrf("aten::geqrf");
  geqrf.tensor("self", {b, m, n}).returns({b, m, n}).returns({b, k});
  EXPECT_THAT(geqrf.cost(), Costs(0, b * reflectors.real(), b * reflectors.roots));

  CallBuilder complex("aten::geqrf");
  complex.tensor("self", {m, n}, DType::kComplex64).returns({m, n}, DType::kComplex64).returns({k}, DType::kComplex64);
  EXPECT_THAT(complex.cost(), Costs(0, reflectors.complex(), reflectors.roots));

  CallBuilder r("aten::linalg_qr");
  r.tensor("A", {b, m, n}).text("mode", "r").returns({0}).returns({b, k, n});
  EXPECT_THAT(r.cost(), Costs(0, b * reflectors.real(), b * reflectors.roots));

  CallBuilder reduced("aten::linalg_qr");
  reduced.tensor("A", {b, m, n}).text("mode", "reduced").returns({b, m, k}).returns({b, k, n});
  EXPECT_THAT(reduced.cost(), Costs(0, b * (reflectors + make_q(m, k, k)).real(), b * reflectors.roots));

  CallBuilder complete("aten::linalg_qr");
  complete.tensor("A", {b, m, n}).text("mode", "complete").returns({b, m, m}).returns({b, m, n});
  EXPECT_THAT(complete.cost(), Costs(0, b * (reflectors + make_q(m, m, k)).real(), b * reflectors.roots));
}

TEST_P(RandomMatrix, ProductsOfReflectors) {
  const std::int64_t rows = std::max(m, n);
  const std::int64_t columns = std::min(m, n);
  const std::int64_t k = std::min(columns, sides);
  CallBuilder q("aten::linalg_householder_product");
  q.tensor("input", {b, rows, columns}).tensor("tau", {b, k}).returns({b, rows, columns});
  EXPECT_THAT(q.cost(), Costs(0, b * make_q(rows, columns, k).real(), 0));

  Counted left;  // reflectors of `rows`, `rows` - 1, ... elements on the columns of C
  for (std::int64_t j = 0; j < k; ++j) reflect(left, rows - j, b);
  CallBuilder times("aten::ormqr");
  times.tensor("self", {rows, columns}).tensor("input2", {k}).tensor("input3", {rows, b}).flag("left", true);
  times.flag("transpose", false).returns({rows, b});
  EXPECT_THAT(times.cost(), Costs(0, left.real(), 0));
}

// Multiplications and additions of an operator, from what it costs in real and in complex numbers.
template <typename Call>
Counted told_apart(Call call) {
  const std::int64_t real = call(DType::kFloat64).flops;
  const std::int64_t complex = call(DType::kComplex128).flops;
  return {(complex - 2 * real) / 4, (6 * real - complex) / 4, 0};
}

// The polynomials of LAPACK Working Note 41, appendix C, times 6.
TEST_P(RandomMatrix, LapackWorkingNote41) {
  const auto expect = [](const Counted& count, std::int64_t six_multiplications, std::int64_t six_additions) {
    EXPECT_EQ(6 * count.multiplications, six_multiplications);
    EXPECT_EQ(6 * count.additions, six_additions);
  };
  const std::int64_t p = std::max(m, n);
  const std::int64_t q = std::min(m, n);
  const auto of_matrix = [](const char* op, std::int64_t rows, std::int64_t columns) {
    return told_apart([&](DType dtype) {
      CallBuilder call(op);
      return call.tensor("self", {rows, columns}, dtype).returns({rows, columns}, dtype).cost();
    });
  };
  expect(of_matrix("aten::linalg_lu_factor_ex", p, q), 3 * p * q * q - q * q * q + 3 * p * q - 3 * q * q + 4 * q,
         3 * p * q * q - q * q * q - 3 * p * q + q);
  expect(of_matrix("aten::linalg_cholesky_ex", n, n), n * n * n + 3 * n * n + 2 * n, n * n * n - n);
  expect(of_matrix("aten::cholesky_inverse", n, n), 2 * n * n * n + 6 * n * n + 4 * n, 2 * n * n * n - 3 * n * n + n);
  expect(of_matrix("aten::linalg_ldl_factor_ex", n, n), n * n * n + 3 * n * n + 20 * n, n * n * n - n);
  expect(of_matrix("aten::geqrf", p, q), 6 * p * q * q - 2 * q * q * q + 6 * p * q + 3 * q * q + 23 * q,
         6 * p * q * q - 2 * q * q * q + 3 * q * q + 5 * q);
  expect(of_matrix("aten::geqrf", q, p), 6 * p * q * q - 2 * q * q * q + 12 * p * q - 3 * q * q + 23 * q,
         6 * p * q * q - 2 * q * q * q + 6 * p * q - 3 * q * q + 5 * q);

  const std::int64_t k = std::min(q, sides);
  const Counted made = told_apart([&](DType dtype) {
    CallBuilder call("aten::linalg_householder_product");
    return call.tensor("input", {p, q}, dtype).tensor("tau", {k}, dtype).returns({p, q}, dtype).cost();
  });
  const std::int64_t common = 12 * p * q * k - 6 * (p + q) * k * k + 4 * k * k * k;
  expect(made, common + 12 * q * k - 6 * k * k - 10 * k, common + 6 * q * k - 6 * p * k + 2 * k);

  for (const bool left : {true, false}) {
    const std::int64_t reflectors = std::min(left ? m : n, sides);
    const Counted times = told_apart([&](DType dtype) {
      CallBuilder call("aten::ormqr");
      call.tensor("self", {left ? m : n, reflectors}, dtype).tensor("input2", {reflectors}, dtype);
      return call.tensor("input3", {m, n}, dtype).flag("left", left).returns({m, n}, dtype).cost();
    });
    const std::int64_t r = reflectors;
    if (left) {
      expect(times, 12 * n * m * r - 6 * n * r * r + 12 * n * r, 12 * n * m * r - 6 * n * r * r + 6 * n * r);
    } else {
      expect(times, 12 * n * m * r - 6 * m * r * r + 6 * m * r + 6 * n * r - 3 * r * r + 3 * r,
             12 * n * m * r - 6 * m * r * r + 6 * m * r);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, RandomMatrix, testing::Range(0, 20));

// The notes' own polynomials, n = 6: n^3 / 3 + n^2 / 2 + n / 6 = 72 + 18 + 1.  2 n^3 / 3 + n^2 / 2 + 5 n / 6 = 144 + 18 + 5.
// n^3 / 3 + n^2 / 2 + 19 n / 6 = 72 + 18 + 19.
TEST(LapackWorkingNote41, Polynomials) {
  CallBuilder cholesky("aten::linalg_cholesky_ex");
  EXPECT_THAT(cholesky.tensor("self", {6, 6}).returns({6, 6}).cost(), Costs(0, 91, 6));
  CallBuilder inverse("aten::cholesky_inverse");
  EXPECT_THAT(inverse.tensor("self", {6, 6}).returns({6, 6}).cost(), Costs(0, 167, 0));
  CallBuilder ldl("aten::linalg_ldl_factor_ex");
  EXPECT_THAT(ldl.tensor("self", {6, 6}).returns({6, 6}).cost(), Costs(0, 109, 0));
  CallBuilder ldl_solve("aten::linalg_ldl_solve");  // 3 right-hand sides, 2 n^2 each
  ldl_solve.tensor("LD", {6, 6}).tensor("pivots", {6}, DType::kInt32).tensor("B", {6, 3}).returns({6, 3});
  EXPECT_THAT(ldl_solve.cost(), Costs(0, 216, 0));
}

// 2 reflectors of 5 and 4 elements from the right on 3 rows: 3 (2 · 9) multiplications and additions, 9 for the factors.
TEST(Ormqr, FromTheRight) {
  CallBuilder call("aten::ormqr");
  call.tensor("self", {5, 2}).tensor("input2", {2}).tensor("input3", {3, 5}).flag("left", false).flag("transpose", false);
  EXPECT_THAT(call.returns({3, 5}).cost(), Costs(0, 2 * 54 + 9, 0));
}

// LU of 4 x 4: 4 reciprocals, 3 + 2 + 1 products, 2 (9 + 4 + 1): 38. Diagonal's product and the permutation's sign: 5. Signs,
// absolute values and sum: 12.
TEST(Determinant, AndItsLogarithm) {
  CallBuilder det("aten::_linalg_det");
  det.tensor("A", {2, 4, 4}).returns({2}).returns({2, 4, 4}).returns({2, 4}, DType::kInt32);
  EXPECT_THAT(det.cost(), Costs(0, 2 * 43, 0));
  CallBuilder slogdet("aten::_linalg_slogdet");
  slogdet.tensor("A", {2, 4, 4}).returns({2}).returns({2}).returns({2, 4, 4}).returns({2, 4}, DType::kInt32);
  EXPECT_THAT(slogdet.cost(), Costs(0, 2 * 55, 8));
}

Cost least_squares(CallBuilder::Shape a, CallBuilder::Shape b, std::string_view driver) {
  CallBuilder call("aten::linalg_lstsq");
  call.tensor("self", std::move(a)).tensor("b", std::move(b)).none("rcond");
  if (driver.empty()) {
    call.none("driver");
  } else {
    call.text("driver", driver);
  }
  return call.returns({2, 1}).returns({0}).returns({}).returns({0}).cost();
}

// 3 x 2: reflectors of 3 and 2 elements: 4 · 3 + 3 (2 + 1) + 1 + 16 = 38. Q on one side: 4 (3 + 2) + 2. The triangle: 4.
// By bidiagonalization: 4 · 12 + 8 · 8 = 112, or 2 · 12 + 11 · 8 = 112; one side: 12 + 2 + 8.
TEST(LeastSquares, ByDriver) {
  EXPECT_THAT(least_squares({3, 2}, {3, 1}, ""), Costs(0, 38 + 22 + 4, 4));
  EXPECT_THAT(least_squares({3, 2}, {3, 1}, "gels"), Costs(0, 64, 4));
  EXPECT_THAT(least_squares({2, 3}, {2, 1}, "gelsy"), Costs(0, 64, 4));
  EXPECT_THAT(least_squares({3, 2}, {3, 1}, "gelsd"), Costs(0, 112 + 22, 0));
}

// 5^3 = 125: 9 · 125; 4 · 125 / 3, rounded down. 10 and 79 / 3 times. Complex: four times.
TEST(Eigenvalues, LeadingTerms) {
  for (const bool vectors : {false, true}) {
    CallBuilder eigh("aten::_linalg_eigh");
    eigh.tensor("A", {2, 5, 5}).text("UPLO", "L").flag("compute_v", vectors).returns({2, 5}).returns({2, 5, 5});
    EXPECT_THAT(eigh.cost(), Costs(0, 2 * (vectors ? 1125 : 166), 0));
    CallBuilder symeig("aten::symeig");
    symeig.tensor("self", {5, 5}).flag("eigenvectors", vectors).flag("upper", true).returns({5}).returns({5, 5});
    EXPECT_THAT(symeig.cost(), Costs(0, vectors ? 1125 : 166, 0));
  }
  CallBuilder eig("aten::linalg_eig");
  EXPECT_THAT(eig.tensor("self", {5, 5}).returns({5}).returns({5, 5}).cost(), Costs(0, 3291, 0));
  CallBuilder eigvals("aten::_linalg_eigvals");
  EXPECT_THAT(eigvals.tensor("self", {5, 5}, DType::kComplex64).returns({5}).cost(), Costs(0, 4 * 1250, 0));
}

Cost svd(std::int64_t m, std::int64_t n, bool full, bool vectors) {
  CallBuilder call("aten::_linalg_svd");
  call.tensor("A", {m, n}).flag("full_matrices", full).flag("compute_uv", vectors).none("driver");
  return call.returns({m, n}).returns({n}).returns({n, n}).cost();
}

// 3 x 3 directly: 4 · 27 - 4 · 9; 22 · 27; 21 · 27. 9 x 3 (mn^2 = 81, m^2 n = 243) after a QR factorization: 162 + 54;
// 486 + 540; 972 + 594.
TEST(Svd, SquareAndTall) {
  EXPECT_THAT(svd(3, 3, false, false), Costs(0, 72, 0));
  EXPECT_THAT(svd(3, 3, false, true), Costs(0, 594, 0));
  EXPECT_THAT(svd(3, 3, true, true), Costs(0, 567, 0));
  EXPECT_THAT(svd(9, 3, false, false), Costs(0, 216, 0));
  EXPECT_THAT(svd(9, 3, false, true), Costs(0, 1026, 0));
  EXPECT_THAT(svd(9, 3, true, true), Costs(0, 1566, 0));
  EXPECT_THAT(svd(3, 9, false, true), Costs(0, 1026, 0));  // as transposed
}

// 9 x 3: the SVD, 9 · 3 · 3 products, 9 scaled elements of V (3 x 3), maximum and reciprocal of 3 values, the tolerance: 2.
// Symmetric 3 x 3: 9 · 27, 27 products, 9 scaled elements, and absolute values on top: 9 + 2.
TEST(Pinv, BySingularOrEigenvalues) {
  CallBuilder general("aten::linalg_pinv");
  general.tensor("self", {9, 3}).none("atol").none("rtol").flag("hermitian", false).returns({3, 9});
  EXPECT_THAT(general.cost(), Costs(81, 1026 + 9 + 6 + 2, 0));
  CallBuilder symmetric("aten::linalg_pinv");
  symmetric.tensor("self", {3, 3}).none("atol").none("rtol").flag("hermitian", true).returns({3, 3});
  EXPECT_THAT(symmetric.cost(), Costs(27, 243 + 9 + 9 + 2, 0));
}

// 2 matrices of 3 x 3: 5 products of 27; combinations of 2 · 5 · 5 · 9; norm, scaling and three sums are 6 · 9.
TEST(MatrixExp, HighestDegree) {
  CallBuilder call("aten::linalg_matrix_exp");
  EXPECT_THAT(call.tensor("self", {2, 3, 3}).returns({2, 3, 3}).cost(), Costs(2 * 135, 2 * (450 + 54), 0));
  CallBuilder scalar("aten::linalg_matrix_exp");
  EXPECT_THAT(scalar.tensor("self", {7, 1, 1}).returns({7, 1, 1}).cost(), Costs(0, 0, 7));
}

// 30 stored elements, 2 right-hand sides.
TEST(SparseSolve, AtLeastTheStoredElements) {
  CallBuilder call("aten::_spsolve");
  call.sparse("A", {10, 10}, 30).tensor("B", {10, 2}).flag("left", true).returns({10, 2});
  EXPECT_THAT(call.cost(), Costs(0, 120, 0));
}

// 30 products, and as many differences less the 10 on the diagonal: 50 per right-hand side.
TEST(TriangularSolve, Sparse) {
  CallBuilder call("aten::triangular_solve");
  call.tensor("self", {10, 2}).sparse("A", {10, 10}, 30).returns({10, 2});
  EXPECT_THAT(call.cost(), Costs(0, 100, 0));
}

// A cube that leaves 64 bits is saturated, not wrapped.
TEST(LinearAlgebra, Saturates) {
  CallBuilder call("aten::linalg_lu_factor_ex");
  call.tensor("A", {1 << 22, 1 << 22}).returns({1 << 22, 1 << 22});
  EXPECT_TRUE(call.cost().flops.saturated());
}

}  // namespace
}  // namespace torchtally
