// Factorizations and solvers. What they do are FLOPs, not MACs: cost.h keeps those for products. Leading dimensions are batches.
// Direct methods are counted to the digit (lapack.h). How often an iteration (eigenvalues, singular values) repeats depends on
// the matrix: there the usual leading term stands, rounded down, and its square roots are not told apart.
#include <algorithm>

#include "formulas/building_blocks.h"
#include "formulas/families.h"
#include "formulas/lapack.h"

namespace torchtally::formulas {
namespace {

using lapack::Operations;

// Matrices of a batch; none if the tensor has no matrix.
Count batch_of(const TensorView& matrix) {
  Count n = matrix.dim() < 2 ? 0 : 1;
  for (int d = 0; d < matrix.dim() - 2; ++d) n *= matrix.size(d);
  return n;
}

// In real operations.
Count flops_of(Operations operations, DType dtype) {
  return is_complex(dtype) ? operations.multiplications * 6 + operations.additions * 2
                           : operations.multiplications + operations.additions;
}

void add_operations(Cost& cost, const TensorView& matrix, Operations each) {
  cost.flops += batch_of(matrix) * flops_of(each, matrix.dtype());
}

// A count whose multiplications and additions are not told apart, taken as half and half: a complex pair costs 8 instead of 2.
Count flops_of_pairs(Count flops, DType dtype) { return is_complex(dtype) ? flops * 4 : flops; }

// An operation per element.
Count elementwise(Count elements, DType dtype) { return is_complex(dtype) ? elements * 2 : elements; }

// The elements of the first result, column by column: one right-hand side per n elements.
void add_right_hand_sides(Cost& cost, const TensorView& solution, Count n, Operations each) {
  if (n == 0 || solution.numel().saturated()) return;
  cost.flops += Count(solution.numel() / n) * flops_of(each, solution.dtype());
}

void count_cholesky(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& a = call.tensor(std::size_t{0});
  add_operations(cost, a, lapack::potrf(a.size(-1)));
  cost.transcendentals += batch_of(a) * a.size(-1);
}

void count_cholesky_inverse(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& factor = call.tensor(std::size_t{0});
  add_operations(cost, factor, lapack::potri(factor.size(-1)));
}

// (right-hand sides, factor, ...)
void count_cholesky_solve(const OpCall& call, const Row&, Cost& cost) {
  const Count n = call.tensor(1).size(-1);
  add_right_hand_sides(cost, call.output(), n, lapack::potrs(n));
}

void count_lu(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& a = call.tensor(std::size_t{0});
  add_operations(cost, a, lapack::getrf(a.size(-2), a.size(-1)));
}

// (factors, pivots, right-hand sides, ...)
void count_lu_solve(const OpCall& call, const Row&, Cost& cost) {
  const Count n = call.tensor(std::size_t{0}).size(-1);
  add_right_hand_sides(cost, call.output(), n, lapack::getrs(n));
}

// (a, right-hand sides, ...)
void count_solve(const OpCall& call, const Row& row, Cost& cost) {
  count_lu(call, row, cost);
  const Count n = call.tensor(std::size_t{0}).size(-1);
  add_right_hand_sides(cost, call.output(), n, lapack::getrs(n));
}

void count_determinant(const OpCall& call, const Row& row, Cost& cost) {
  count_lu(call, row, cost);
  const TensorView& a = call.tensor(std::size_t{0});
  add_operations(cost, a, {a.size(-1) + 1, 0});
}

void count_log_determinant(const OpCall& call, const Row& row, Cost& cost) {
  count_determinant(call, row, cost);
  const TensorView& a = call.tensor(std::size_t{0});
  const Count diagonal = batch_of(a) * a.size(-1);
  cost.flops += elementwise(diagonal, a.dtype()) + diagonal * 2;
  cost.transcendentals += diagonal;
}

void count_ldl(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& a = call.tensor(std::size_t{0});
  add_operations(cost, a, lapack::sytrf(a.size(-1)));
}

// (factors, pivots, right-hand sides, ...)
void count_ldl_solve(const OpCall& call, const Row&, Cost& cost) {
  const Count n = call.tensor(std::size_t{0}).size(-1);
  add_right_hand_sides(cost, call.output(), n, lapack::sytrs(n));
}

// linalg_solve_triangular has the matrix first, triangular_solve has it second: "A" is the other's name for it. A sparse matrix
// has its diagonal stored: a product and a difference per element beside it, a division on it.
void count_triangular_solve(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& named = call.tensor("A");
  const TensorView& a = named.defined() ? named : call.tensor(std::size_t{0});
  const Count n = a.size(-1);
  const Operations sparse = {a.stored(), Count(a.stored() - n)};
  const Operations dense = lapack::trsm(n, call.argument("unitriangular").to_bool());
  add_right_hand_sides(cost, call.output(), n, a.is_sparse() ? sparse : dense);
}

// Two square roots per reflector: of the norm, and of that with the diagonal's element.
void add_qr(Cost& cost, const TensorView& a) {
  const Count m = a.size(-2);
  const Count n = a.size(-1);
  add_operations(cost, a, lapack::geqrf(m, n));
  cost.transcendentals += batch_of(a) * lapack::smaller(m, n) * 2;
}

void count_geqrf(const OpCall& call, const Row&, Cost& cost) { add_qr(cost, call.tensor(std::size_t{0})); }

// (a, mode): "r" makes no Q, "reduced" one of min(m, n) columns, "complete" one of m.
void count_qr(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& a = call.tensor(std::size_t{0});
  add_qr(cost, a);
  const auto mode = call.argument(1).string();
  if (mode == "r") return;
  const Count m = a.size(-2);
  const Count k = lapack::smaller(m, a.size(-1));
  add_operations(cost, a, lapack::orgqr(m, mode == "complete" ? m : k, k));
}

// (reflectors, their factors)
void count_householder_product(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& a = call.tensor(std::size_t{0});
  add_operations(cost, a, lapack::orgqr(a.size(-2), a.size(-1), call.tensor(1).size(-1)));
}

// (reflectors, their factors, other, left, transpose)
void count_ormqr(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& other = call.tensor(2);
  const bool left = call.argument(3).to_bool(true);
  add_operations(cost, other, lapack::ormqr(left, other.size(-2), other.size(-1), call.tensor(1).size(-1)));
}

// (a, right-hand sides, rcond, driver). The rank is taken as full. An underdetermined system is factored transposed.
void count_least_squares(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& a = call.tensor(std::size_t{0});
  const TensorView& b = call.tensor(1);
  const Count m = std::max<std::int64_t>(a.size(-2), a.size(-1));
  const Count n = lapack::smaller(a.size(-2), a.size(-1));
  const Count sides = b.dim() >= a.dim() ? b.size(-1) : Count(1);
  const Count residuals = call.output(1).numel();
  const auto driver = call.argument("driver").string();
  if (driver == "gelsd" || driver == "gelss") {
    const Count bidiagonal = std::min<std::int64_t>(m * n * n * 4 + n * n * n * 8, m * n * n * 2 + n * n * n * 11);
    const Count each_side = m * n * 2 + n + n * n * 2;
    cost.flops += batch_of(a) * flops_of_pairs(bidiagonal + sides * each_side, a.dtype());
  } else {
    add_operations(cost, a, lapack::geqrf(m, n) + lapack::ormqr(true, m, sides, n) + lapack::trsm(n, false) * sides);
    cost.transcendentals += batch_of(a) * n * 2;
  }
  if (residuals != 0) cost.flops += elementwise(residuals * (m - n) * 2, a.dtype());
}

void add_symmetric_eigenvalues(Cost& cost, const TensorView& a, bool vectors) {
  const Count cube = a.size(-1) * a.size(-1) * a.size(-1);
  const Count each = vectors ? cube * 9 : lapack::quotient(cube * 4, 3);
  cost.flops += batch_of(a) * flops_of_pairs(each, a.dtype());
}

// "compute_v" of _linalg_eigh, "eigenvectors" of symeig.
void count_eigh(const OpCall& call, const Row&, Cost& cost) {
  const bool vectors = call.argument("compute_v").to_bool() || call.argument("eigenvectors").to_bool();
  add_symmetric_eigenvalues(cost, call.tensor(std::size_t{0}), vectors);
}

// The Schur form and its vectors, 25 n^3; each eigenvector of the triangle, n^3 / 3 for all, turned back, n^3: row.each.flops
// thirds of n^3. Values alone: the Schur form without vectors.
void count_eig(const OpCall& call, const Row& row, Cost& cost) {
  const TensorView& a = call.tensor(std::size_t{0});
  const Count cube = a.size(-1) * a.size(-1) * a.size(-1);
  cost.flops += batch_of(a) * flops_of_pairs(lapack::quotient(cube * row.each.flops, 3), a.dtype());
}

// A wide matrix is taken transposed. A tall one is worth a QR factorization first: the smaller count is taken.
void add_svd(Cost& cost, const TensorView& a, bool vectors, bool full) {
  const Count m = std::max<std::int64_t>(a.size(-2), a.size(-1));
  const Count n = lapack::smaller(a.size(-2), a.size(-1));
  const Count mnn = m * n * n;
  const Count nnn = n * n * n;
  Count direct;
  Count after_qr;
  if (!vectors) {
    direct = mnn * 2 + Count(mnn * 2 - lapack::quotient(nnn * 4, 3));
    after_qr = mnn * 2 + nnn * 2;
  } else if (!full) {
    direct = mnn * 14 + nnn * 8;
    after_qr = mnn * 6 + nnn * 20;
  } else {
    direct = m * m * n * 4 + mnn * 8 + nnn * 9;
    after_qr = m * m * n * 4 + nnn * 22;
  }
  cost.flops += batch_of(a) * flops_of_pairs(lapack::smaller(direct, after_qr), a.dtype());
}

// By name: prims::svd has no compute_uv and computes them.
void count_svd(const OpCall& call, const Row&, Cost& cost) {
  const bool vectors = call.argument("compute_uv").to_bool(true);
  add_svd(cost, call.tensor(std::size_t{0}), vectors, call.argument("full_matrices").to_bool());
}

void count_pinv(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& a = call.tensor(std::size_t{0});
  const Count m = a.size(-2);
  const Count n = a.size(-1);
  const Count k = lapack::smaller(m, n);
  const bool hermitian = call.argument("hermitian").to_bool();
  if (hermitian) {
    add_symmetric_eigenvalues(cost, a, true);
  } else {
    add_svd(cost, a, true, false);
  }
  const Count values = k * (hermitian ? 3 : 2) + 2;
  cost.flops += batch_of(a) * (values + elementwise(n * k, a.dtype()));
  add_products(cost, batch_of(a) * m * k * n, a.dtype());
}

// The degree of the polynomial depends on the norm, which the shape does not tell: the highest is taken, and no squaring. Five
// products; five linear combinations of five matrices, elementwise.
void count_matrix_exp(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& a = call.tensor(std::size_t{0});
  const Count n = a.size(-1);
  if (n == 1) {
    cost.transcendentals += a.numel();
    return;
  }
  add_products(cost, a.numel() * n * 5, a.dtype());
  cost.flops += flops_of_pairs(a.numel() * 50, a.dtype()) + elementwise(a.numel() * 6, a.dtype());
}

// (a, right-hand sides). How far the factors fill in is not in the shapes.
void count_sparse_solve(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& a = call.tensor(std::size_t{0});
  const TensorView& solution = call.output();
  const Count n = a.size(-1);
  if (n == 0 || solution.numel().saturated()) return;
  cost.flops += Count(solution.numel() / n) * flops_of_pairs(a.stored() * 2, a.dtype());
}

constexpr std::string_view kLawn41 = "LAPACK Working Note 41, appendix C";

}  // namespace

const Family cholesky = {count_cholesky, "flops = batch · (n³/3 + n²/2 + n/6); transcendentals = batch · n", kLawn41};
const Family cholesky_inverse = {count_cholesky_inverse, "flops = batch · (2n³/3 + n²/2 + 5n/6)", kLawn41};
const Family cholesky_solve = {count_cholesky_solve, "flops = right-hand sides · 2n²", kLawn41};
const Family lu = {count_lu, "flops = batch · Σ 1 + (m - j) + 2 (m - j) (n - j) over j = 1 … min(m, n)", kLawn41};
const Family lu_solve = {count_lu_solve, "flops = right-hand sides · (2n² - n)", kLawn41};
const Family solve = {count_solve, "flops = those of LU factors (n × n) + right-hand sides · (2n² - n)", kLawn41};
const Family determinant = {count_determinant, "flops = those of LU factors (n × n) + batch · (n + 1)", kLawn41};
const Family log_determinant = {count_log_determinant,
                                "flops = those of the determinant + batch · 3n; transcendentals = batch · n", kLawn41};
const Family ldl = {count_ldl, "flops = batch · (n³/3 + n²/2 + 19n/6)", kLawn41};
const Family ldl_solve = {count_ldl_solve, "flops = right-hand sides · 2n²", kLawn41};
const Family triangular_solve = {count_triangular_solve,
                                 "flops = right-hand sides · n², n² - n if the diagonal is ones; sparse: 2 · stored elements - n",
                                 kLawn41};
const Family geqrf = {count_geqrf,
                      "flops = batch · Σ 4 (m - j + 1) (n - j) + 3 (m - j) + (n - j) + 8 over j = 1 … min(m, n); "
                      "transcendentals = batch · 2 min(m, n)",
                      kLawn41};
const Family qr = {count_qr, "flops = those of geqrf + those of Q, unless mode is r (m × min(m, n), complete: m × m)", kLawn41};
const Family householder_product = {
    count_householder_product, "flops = batch · Σ 4 (m - j + 1) (n - j) + (m - j) + (n - j) + 1 over the k reflectors j = 1 … k",
    kLawn41};
const Family ormqr = {count_ormqr,
                      "flops = batch · Σ n (4 (m - j + 1) + 1), from the right Σ (4m + 1) (n - j + 1), over j = 1 … k", kLawn41};
const Family least_squares = {
    count_least_squares,
    "flops = batch · (geqrf + ormqr and a triangular system per right-hand side); gelsd, gelss: batch · (min(4mn² + 8n³, 2mn² + "
    "11n³) + right-hand sides · (2mn + n + 2n²)), m ≥ n; 2 per element of the residual",
    "LAPACK Working Note 41, appendix C; Golub and Van Loan, Matrix Computations, 5.5: least squares by the SVD"};
const Family eigh = {count_eigh, "flops = batch · 9n³, 4n³/3 without vectors; complex: times 4",
                     "Golub and Van Loan, Matrix Computations, algorithm 8.3.3: symmetric QR"};
const Family eig = {
    count_eig, "flops = batch · 79n³/3, 10n³ without vectors; complex: times 4",
    "LAPACK Users' Guide, table 3.13 (26.33n³); Golub and Van Loan, Matrix Computations, algorithm 7.5.2: 25n³ of it"};
const Family svd = {count_svd,
                    "flops = batch · min(14mn² + 8n³, 6mn² + 20n³); full: min(4m²n + 8mn² + 9n³, 4m²n + 22n³); values alone: "
                    "min(4mn² - 4n³/3, 2mn² + 2n³); m ≥ n; complex: times 4",
                    "Golub and Van Loan, Matrix Computations (4th edition), figure 8.6.1: Golub-Reinsch SVD and R-SVD"};
const Family pinv = {count_pinv,
                     "macs = batch · mnk, k = min(m, n); flops += those of the SVD (hermitian: of eigh) + batch · (nk + 2k + 2)",
                     "aten/src/ATen/native/LinearAlgebra.cpp, linalg_pinv: the singular values' reciprocals above a tolerance"};
const Family matrix_exp = {
    count_matrix_exp,
    "macs = batch · 5n³, flops += batch · 56n² (complex: 212n²): the polynomial of degree 18 without squarings; 1 × 1: an exp",
    "aten/src/ATen/native/LinearAlgebra.cpp, compute_T18: Bader, Blanes and Casas"};
const Family sparse_solve = {
    count_sparse_solve,
    "flops = right-hand sides · 2 · stored elements: at least, as if factors were given and filled nothing in",
    "textbook definition"};

}  // namespace torchtally::formulas
