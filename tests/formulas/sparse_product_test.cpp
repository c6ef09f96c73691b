// Operators that take dense and sparse operands, against loop nests over the elements that are stored. Those that take sparse
// ones alone: loop_nests/sparse.cpp.
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>

#include "call_builder.h"

namespace torchtally {
namespace {

// A random pattern of an m x k operand, a dense k x n one.
class RandomSparseProduct : public testing::TestWithParam<int> {
 protected:
  RandomSparseProduct() {
    std::mt19937 generator(97 + GetParam());
    const auto pick = [&generator](std::int64_t low, std::int64_t high) {
      return std::uniform_int_distribution<std::int64_t>(low, high)(generator);
    };
    m = pick(1, 8);
    k = pick(1, 8);
    n = pick(1, 8);
    for (std::int64_t tries = pick(0, m * k); tries > 0; --tries) stored.emplace(pick(0, m - 1), pick(0, k - 1));
  }

  std::int64_t elements() const { return static_cast<std::int64_t>(stored.size()); }

  // C[i][j] += A[i][l] * B[l][j] for each stored (i, l) of A.
  std::int64_t multiply_adds(std::int64_t columns) const {
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t l = 0; l < k; ++l) {
        for (std::int64_t j = 0; j < columns; ++j) {
          if (stored.count({i, l}) > 0) ++count;
        }
      }
    }
    return count;
  }

  std::int64_t m = 0, k = 0, n = 0;
  std::set<std::pair<std::int64_t, std::int64_t>> stored;
};

TEST_P(RandomSparseProduct, EitherOperand) {
  for (const Layout layout :
       {Layout::kSparseCoo, Layout::kSparseCsr, Layout::kSparseCsc, Layout::kSparseBsr, Layout::kSparseBsc}) {
    CallBuilder mm("aten::mm");
    mm.sparse("self", {m, k}, elements(), layout).tensor("mat2", {k, n}).returns({m, n});
    EXPECT_THAT(mm.cost(), Costs(multiply_adds(n), 0, 0));
    // The transposed product: n x k times k x m.
    CallBuilder right("aten::mm");
    right.tensor("self", {n, k}).sparse("mat2", {k, m}, elements(), layout).returns({n, m});
    EXPECT_THAT(right.cost(), Costs(multiply_adds(n), 0, 0));
    CallBuilder mv("aten::mv");
    mv.sparse("self", {m, k}, elements(), layout).tensor("vec", {k}).returns({m});
    EXPECT_THAT(mv.cost(), Costs(multiply_adds(1), 0, 0));
  }
  CallBuilder addmm("aten::addmm");
  addmm.tensor("self", {m, n}).sparse("mat1", {m, k}, elements()).tensor("mat2", {k, n}).number("beta", 1).number("alpha", 2);
  EXPECT_THAT(addmm.returns({m, n}).cost(), Costs(multiply_adds(n), 2 * m * n, 0));
  // 3 samples whose patterns are alike.
  CallBuilder bmm("aten::bmm");
  bmm.sparse("self", {3, m, k}, 3 * elements()).tensor("mat2", {3, k, n}).returns({3, m, n});
  EXPECT_THAT(bmm.cost(), Costs(3 * multiply_adds(n), 0, 0));
  CallBuilder right_bmm("aten::bmm");
  right_bmm.tensor("self", {3, n, k}).sparse("mat2", {3, k, m}, 3 * elements()).returns({3, n, m});
  EXPECT_THAT(right_bmm.cost(), Costs(3 * multiply_adds(n), 0, 0));
  // A linear layer of 2 x n rows on a sparse weight.
  CallBuilder linear("aten::linear");
  linear.tensor("input", {2, n, k}).sparse("weight", {m, k}, elements()).none("bias").returns({2, n, m});
  EXPECT_THAT(linear.cost(), Costs(2 * multiply_adds(n), 0, 0));
}

INSTANTIATE_TEST_SUITE_P(Shapes, RandomSparseProduct, testing::Range(0, 20));

// 6 and 8 stored elements that meet along 4: 12, as if they lay independently.
TEST(SparseProduct, BothOperands) {
  for (const auto name : {"aten::mm", "aten::_sparse_sparse_matmul"}) {
    CallBuilder call(name);
    call.sparse("self", {3, 4}, 6).sparse("mat2", {4, 5}, 8).returns({3, 5});
    EXPECT_THAT(call.cost(), Costs(12, 0, 0)) << name;
  }
}

// A full pattern is the dense product: 3 * 4 * 5.
TEST(SparseProduct, BothOperandsFull) {
  CallBuilder call("aten::mm");
  call.sparse("self", {3, 4}, 12).sparse("mat2", {4, 5}, 20).returns({3, 5});
  EXPECT_THAT(call.cost(), Costs(60, 0, 0));
}

// 8 x 16 times 16 x 4, half of it: 256. 32 outputs: bias, relu 1, silu 1 and a sigmoid; self, alpha.
TEST(SemiStructured, HalfOfTheDenseProduct) {
  CallBuilder mm("aten::_sparse_semi_structured_mm");
  mm.tensor("mat1", {8, 8}).tensor("mat1_meta", {8, 1}, DType::kInt16).tensor("mat2", {16, 4}).returns({8, 4});
  EXPECT_THAT(mm.cost(), Costs(256, 0, 0));
  CallBuilder addmm("aten::_sparse_semi_structured_addmm");
  addmm.tensor("input", {8}).tensor("mat1", {8, 8}).tensor("mat1_meta", {8, 1}, DType::kInt16).tensor("mat2", {16, 4});
  EXPECT_THAT(addmm.number("alpha", 2).number("beta", 1).returns({8, 4}).cost(), Costs(256, 64, 0));
  CallBuilder linear("aten::_sparse_semi_structured_linear");
  linear.tensor("input", {4, 16}).tensor("weight", {8, 8}).tensor("meta", {8, 1}, DType::kInt16).tensor("bias", {8});
  EXPECT_THAT(linear.text("activation", "silu").returns({4, 8}).cost(), Costs(256, 64, 32));
  CallBuilder compressed("aten::_cslt_sparse_mm");
  compressed.tensor("compressed_A", {8, 9}).tensor("dense_B", {16, 4}).tensor("bias", {8}).none("alpha").returns({8, 4});
  EXPECT_THAT(compressed.cost(), Costs(256, 32, 0));
}

}  // namespace
}  // namespace torchtally
