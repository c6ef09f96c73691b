// Products with sparse operands: the loops run over the elements that are stored.
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "loop_nest.h"

namespace torchtally::loop_nests {
namespace {

// Which elements of an m x k matrix are stored.
class Pattern {
 public:
  Pattern(Draw& draw, std::int64_t m, std::int64_t k) : m_(m), k_(k) {
    for (std::int64_t tries = draw(0, m * k); tries > 0; --tries) stored_.emplace(draw(0, m - 1), draw(0, k - 1));
  }

  std::int64_t size() const { return static_cast<std::int64_t>(stored_.size()); }
  // out[i][j] += a[i][l] b[l][j] for each stored (i, l) of a.
  std::int64_t multiply_adds(std::int64_t columns) const {
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < m_; ++i) {
      for (std::int64_t l = 0; l < k_; ++l) {
        if (stored_.count({i, l}) > 0) count += loops({columns});
      }
    }
    return count;
  }

 private:
  std::int64_t m_, k_;
  std::set<std::pair<std::int64_t, std::int64_t>> stored_;
};

struct Product {
  explicit Product(Draw& draw) : m(draw()), k(draw()), n(draw()), pattern(draw, m, k) {}

  std::int64_t multiply_adds() const { return pattern.multiply_adds(n); }

  std::int64_t m, k, n;
  Pattern pattern;  // of the left operand
};

// A full operand: where one stores everything, the product of two sparse ones is no estimate.
void sparse_by_sparse(NestCall& call, Draw& draw) {
  const Product product(draw);
  call.sparse("self", {product.m, product.k}, product.pattern.size());
  call.sparse("other", {product.k, product.n}, product.k * product.n).returns({product.m, product.n});
  EXPECT_THAT(call.cost(), Costs(product.multiply_adds(), 0, 0));
}

void hybrid(NestCall& call, Draw& draw) {
  const Product product(draw);
  call.sparse("mat1", {product.m, product.k}, product.pattern.size(), Layout::kSparseCoo);
  call.tensor("mat2", {product.k, product.n}).returns({product.m, product.n});
  EXPECT_THAT(call.cost(), Costs(product.multiply_adds(), 0, 0));
}

void added(NestCall& call, Draw& draw) {
  const Product product(draw);
  const std::int64_t alpha = draw(1, 2), beta = draw(0, 2);
  call.tensor("self", {product.m, product.n}).sparse("mat1", {product.m, product.k}, product.pattern.size());
  call.tensor("mat2", {product.k, product.n}).integer("beta", beta).integer("alpha", alpha).returns({product.m, product.n});
  EXPECT_THAT(call.cost(), Costs(product.multiply_adds(), product.m * product.n * (beta + alpha - 1), 0));
}

// out[i][l] = sum of mat1[i][j] mat2[j][l], only where self has an element.
void sampled(NestCall& call, Draw& draw) {
  const Product product(draw);
  call.sparse("self", {product.m, product.k}, product.pattern.size()).integer("beta", 2).integer("alpha", 1);
  call.tensor("mat1", {product.m, product.n}).tensor("mat2", {product.n, product.k}).returns({product.m, product.k});
  EXPECT_THAT(call.cost(), Costs(product.multiply_adds(), 2 * product.pattern.size(), 0));
}

// amax and amin are no sums of products: a product and a maximum.
void reduced(NestCall& call, Draw& draw) {
  const Product product(draw);
  constexpr std::string_view kReductions[] = {"sum", "mean", "amax", "amin"};
  const std::int64_t reduction = draw(0, 3);
  call.sparse("self", {product.m, product.k}, product.pattern.size()).tensor("other", {product.k, product.n});
  call.text("reduce", kReductions[reduction]).returns({product.m, product.n}).returns({product.m, product.n});
  const std::int64_t once = product.multiply_adds();
  if (reduction > 1) {
    EXPECT_THAT(call.cost(), Costs(0, 2 * once, 0));
  } else {
    EXPECT_THAT(call.cost(), Costs(once, reduction == 1 ? product.m * product.n : 0, 0));
  }
}

// d_self[i][l] = sum of grad[i][j] weight[l][j], where self has an element; d_weight[l][j] = sum of self[i][l] grad[i][j]
void reduced_backward(NestCall& call, Draw& draw) {
  const Product product(draw);
  const bool self = draw.coin(), weight = draw.coin();
  call.sparse("self", {product.m, product.k}, product.pattern.size()).tensor("grad_out", {product.m, product.n});
  call.tensor("weight", {product.k, product.n}).text("reduce", "sum").flags("output_mask", {self, weight});
  const std::int64_t once = product.multiply_adds();
  EXPECT_THAT(call.cost(), Costs((self ? once : 0) + (weight ? once : 0), 0, 0));
}

// Two of four elements in a row are stored, whatever they are.
std::int64_t two_of_four(std::int64_t m, std::int64_t k, std::int64_t n) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t l = 0; l < k; ++l) {
      if (l % 4 < 2) count += loops({n});
    }
  }
  return count;
}

void semi_structured_mm(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), k = 4 * draw(), n = draw();
  call.tensor("mat1", {m, k / 2}).tensor("mat1_meta", {m, k / 16}, DType::kInt16).tensor("mat2", {k, n}).returns({m, n});
  EXPECT_THAT(call.cost(), Costs(two_of_four(m, k, n), 0, 0));
}

void semi_structured_addmm(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), k = 4 * draw(), n = draw();
  call.tensor("input", {m}).tensor("mat1", {m, k / 2}).tensor("mat1_meta", {m, k / 16}, DType::kInt16).tensor("mat2", {k, n});
  call.integer("alpha", 1).integer("beta", 1).returns({m, n});
  EXPECT_THAT(call.cost(), Costs(two_of_four(m, k, n), m * n, 0));
}

void semi_structured_linear(NestCall& call, Draw& draw) {
  const std::int64_t rows = draw(), in = 4 * draw(), out = draw();
  const bool bias = draw.coin();
  call.tensor("input", {rows, in}).tensor("weight", {out, in / 2}).tensor("meta", {out, in / 16}, DType::kInt16);
  if (bias) call.tensor("bias", {out});
  call.returns({rows, out});
  EXPECT_THAT(call.cost(), Costs(two_of_four(out, in, rows), bias ? rows * out : 0, 0));
}

// Values and positions in one tensor: half of the columns, and an eighth more.
void compressed(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), k = 16 * draw(1, 2), n = draw();
  const bool bias = draw.coin(), transposed = draw.coin();
  call.tensor("compressed_A", {m, k / 2 + k / 16}).tensor("dense_B", {k, n}).flag("transpose_result", transposed);
  if (bias) call.tensor("bias", {m});
  call.returns(transposed ? Shape{n, m} : Shape{m, n});
  EXPECT_THAT(call.cost(), Costs(two_of_four(m, k, n), bias ? m * n : 0, 0));
}

constexpr Nest kNests[] = {
    {"aten::_cslt_sparse_mm", compressed},
    {"aten::_sparse_addmm", added},
    {"aten::_sparse_mm_reduce_impl", reduced},
    {"aten::_sparse_mm_reduce_impl_backward", reduced_backward},
    {"aten::_sparse_semi_structured_addmm", semi_structured_addmm},
    {"aten::_sparse_semi_structured_linear", semi_structured_linear},
    {"aten::_sparse_semi_structured_mm", semi_structured_mm},
    {"aten::_sparse_sparse_matmul", sparse_by_sparse},
    {"aten::hspmm", hybrid},
    {"aten::sparse_sampled_addmm", sampled},
    {"aten::sspaddmm", added},
};

}  // namespace

absl::Span<const Nest> sparse_nests() { return kNests; }

}  // namespace torchtally::loop_nests
