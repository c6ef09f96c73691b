// Products of matrices and vectors, and what is made of them: distances, inverses, exponentials.
#include <gtest/gtest.h>

#include <algorithm>

#include "loop_nest.h"

namespace torchtally::loop_nests {
namespace {

// A complex multiply-add is four real ones: (a + bi)(c + di) has four products, each added to a sum.
struct Number {
  DType dtype = DType::kFloat32;
  std::int64_t multiply_adds = 1;

  static Number any(Draw& draw) { return draw.coin() ? Number{} : Number{DType::kComplex64, 4}; }
};

// out[i][j] = sum of left[i][l] right[l][j]
void mm(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), k = draw(), n = draw();
  const Number number = Number::any(draw);
  call.tensor(call.name(0), {m, k}, number.dtype).tensor(call.name(1), {k, n}, number.dtype).returns({m, n}, number.dtype);
  EXPECT_THAT(call.cost(), Costs(number.multiply_adds * loops({m, n, k}), 0, 0));
}

// In bytes, summed in 32 bits.
void int_mm(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), k = draw(), n = draw();
  call.tensor("self", {m, k}, DType::kInt8).tensor("mat2", {k, n}, DType::kInt8).returns({m, n}, DType::kInt32);
  EXPECT_THAT(call.cost(), Costs(loops({m, n, k}), 0, 0));
}

// Parts of a nested tensor, each with a product of its own.
struct Parts {
  std::vector<Shape> left, right, out;
  std::int64_t multiply_adds = 0;

  // `batch`: none, or the sizes that come before those of the matrices.
  Parts(Draw& draw, bool has_heads) {
    for (std::int64_t parts = draw(1, 4); parts > 0; --parts) {
      const std::int64_t m = draw(), k = draw(), n = draw();
      if (has_heads) {
        const std::int64_t heads = draw(1, 3);
        left.push_back({heads, m, k});
        right.push_back({heads, k, n});
        out.push_back({heads, m, n});
        multiply_adds += loops({heads, m, n, k});
      } else {
        left.push_back({m, k});
        right.push_back({k, n});
        out.push_back({m, n});
        multiply_adds += loops({m, n, k});
      }
    }
  }
};

// out[b][i][j] = sum of left[b][i][l] right[b][l][j]
void bmm(NestCall& call, Draw& draw) {
  if (draw.coin()) {
    const Parts parts(draw, false);
    call.nested("self", parts.left).nested("mat2", parts.right).returns_nested(parts.out);
    EXPECT_THAT(call.cost(), Costs(parts.multiply_adds, 0, 0));
    return;
  }
  const std::int64_t b = draw(), m = draw(), k = draw(), n = draw();
  const Number number = Number::any(draw);
  call.tensor("self", {b, m, k}, number.dtype).tensor("mat2", {b, k, n}, number.dtype).returns({b, m, n}, number.dtype);
  EXPECT_THAT(call.cost(), Costs(number.multiply_adds * loops({b, m, n, k}), 0, 0));
}

// out[i] = sum of matrix[i][l] vector[l]
void mv(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), k = draw();
  call.tensor("self", {m, k}).tensor("vec", {k}).returns({m});
  EXPECT_THAT(call.cost(), Costs(loops({m, k}), 0, 0));
}

void dot(NestCall& call, Draw& draw) {
  const std::int64_t k = draw();
  const Number number = Number::any(draw);
  call.tensor(call.name(0), {k}, number.dtype).tensor(call.name(1), {k}, number.dtype).returns({}, number.dtype);
  EXPECT_THAT(call.cost(), Costs(number.multiply_adds * loops({k}), 0, 0));
}

// beta self + alpha product: per output an addition, a product for every factor that is not one; nothing where beta is zero.
std::int64_t add_factors(NestCall& call, Draw& draw, std::int64_t outputs) {
  const std::int64_t beta = draw(0, 2), alpha = draw(1, 2);
  call.integer("beta", beta).integer("alpha", alpha);
  return loops({outputs}) * ((beta == 0 ? 0 : beta) + (alpha - 1));
}

void addmm(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), k = draw(), n = draw();
  call.tensor("self", {n}).tensor("mat1", {m, k}).tensor("mat2", {k, n}).returns({m, n});
  if (call.has("out_dtype")) call.other("out_dtype");
  std::int64_t others = add_factors(call, draw, m * n);
  if (call.has("use_gelu")) others += m * n;  // else a relu
  EXPECT_THAT(call.cost(), Costs(loops({m, n, k}), others, 0));
}

void addmv(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), k = draw();
  call.tensor("self", {m}).tensor("mat", {m, k}).tensor("vec", {k}).returns({m});
  const std::int64_t others = add_factors(call, draw, m);
  EXPECT_THAT(call.cost(), Costs(loops({m, k}), others, 0));
}

// out[i][j] = self[i][j] + left[i] right[j]
void addr(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), n = draw();
  call.tensor("self", {m, n}).tensor("vec1", {m}).tensor("vec2", {n}).returns({m, n});
  const std::int64_t others = add_factors(call, draw, m * n);
  EXPECT_THAT(call.cost(), Costs(loops({m, n}), others, 0));
}

void baddbmm(NestCall& call, Draw& draw) {
  const std::int64_t b = draw(), m = draw(), k = draw(), n = draw();
  call.tensor("self", {b, m, n}).tensor("batch1", {b, m, k}).tensor("batch2", {b, k, n}).returns({b, m, n});
  if (call.has("out_dtype")) call.other("out_dtype");
  const std::int64_t others = add_factors(call, draw, b * m * n);
  EXPECT_THAT(call.cost(), Costs(loops({b, m, n, k}), others, 0));
}

// Summed over the batch.
void addbmm(NestCall& call, Draw& draw) {
  const std::int64_t b = draw(), m = draw(), k = draw(), n = draw();
  call.tensor("self", {m, n}).tensor("batch1", {b, m, k}).tensor("batch2", {b, k, n}).returns({m, n});
  const std::int64_t others = add_factors(call, draw, m * n);
  EXPECT_THAT(call.cost(), Costs(loops({b, m, n, k}), others, 0));
}

// In eight bits, or in four, of which a byte holds two.
void scaled_mm(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), k = draw(), n = draw();
  const bool packed = draw.coin();
  const bool bias = draw.coin();
  const DType dtype = packed ? DType::kFloat4E2M1FNx2 : DType::kFloat8E4M3FN;
  call.tensor("self", {m, k}, dtype).tensor("mat2", {k, n}, dtype).returns({m, n}, DType::kBFloat16);
  if (bias) call.tensor("bias", {n}, DType::kBFloat16);
  EXPECT_THAT(call.cost(), Costs(loops({m, n, packed ? 2 * k : k}), bias ? m * n : 0, 0));
}

// A product per group. The groups are parts of the left operand's rows, of the right one's columns, of the dimension that is
// summed over, or a dimension of their own.
void grouped_mm(NestCall& call, Draw& draw) {
  const std::int64_t groups = draw(1, 4), m = draw(), k = draw(), n = draw();
  Shape sizes;
  std::int64_t all = 0;
  for (std::int64_t g = 0; g < groups; ++g) all += sizes.emplace_back(draw(0, 4));
  std::int64_t multiply_adds = 0;
  const std::int64_t kind = draw(0, 3);
  for (const std::int64_t size : sizes) {
    multiply_adds += loops({kind == 0 ? size : m, kind == 1 ? size : n, kind == 2 ? size : k});
  }
  switch (kind) {
    case 0:
      call.tensor("self", {all, k}).tensor("mat2", {groups, k, n}).returns({all, n});
      break;
    case 1:
      call.tensor("self", {groups, m, k}).tensor("mat2", {k, all}).returns({m, all});
      break;
    case 2:
      call.tensor("self", {m, all}).tensor("mat2", {all, n}).returns({groups, m, n});
      break;
    default:
      call.tensor("self", {groups, m, k}).tensor("mat2", {groups, k, n}).returns({groups, m, n});
  }
  if (kind < 3) call.tensor("offs", {groups}, DType::kInt32);
  EXPECT_THAT(call.cost(), Costs(multiply_adds, 0, 0));
}

void foreach_mm(NestCall& call, Draw& draw) {
  const Parts parts(draw, false);
  call.tensors("self", parts.left).tensors("mat2", parts.right).returns_list(parts.out);
  EXPECT_THAT(call.cost(), Costs(parts.multiply_adds, 0, 0));
}

// Vectors, matrices and batches, which broadcast; or nested.
void matmul(NestCall& call, Draw& draw) {
  if (draw.coin()) {
    const Parts parts(draw, draw.coin());
    call.nested("self", parts.left).nested("other", parts.right).returns_nested(parts.out);
    EXPECT_THAT(call.cost(), Costs(parts.multiply_adds, 0, 0));
    return;
  }
  const std::int64_t a = draw(), b = draw(), m = draw(), k = draw(), n = draw();
  std::int64_t multiply_adds = 0;
  switch (draw(0, 4)) {
    case 0:
      call.tensor("self", {a, 1, m, k}).tensor("other", {b, k, n}).returns({a, b, m, n});
      multiply_adds = loops({a, b, m, n, k});
      break;
    case 1:
      call.tensor("self", {m, k}).tensor("other", {b, k, n}).returns({b, m, n});
      multiply_adds = loops({b, m, n, k});
      break;
    case 2:
      call.tensor("self", {k}).tensor("other", {b, k, n}).returns({b, n});
      multiply_adds = loops({b, n, k});
      break;
    case 3:
      call.tensor("self", {b, m, k}).tensor("other", {k}).returns({b, m});
      multiply_adds = loops({b, m, k});
      break;
    default:
      call.tensor("self", {k}).tensor("other", {k}).returns({});
      multiply_adds = loops({k});
  }
  EXPECT_THAT(call.cost(), Costs(multiply_adds, 0, 0));
}

// d_self[i][l] = sum of grad[i][j] other[l][j]; d_other[l][j] = sum of self[i][l] grad[i][j]
void matmul_backward(NestCall& call, Draw& draw) {
  const bool self = draw.coin(), other = draw.coin();
  std::int64_t once = 0;
  if (draw.coin()) {
    const Parts parts(draw, draw.coin());
    call.nested("grad", parts.out).nested("self", parts.left).nested("other", parts.right);
    once = parts.multiply_adds;
  } else {
    const std::int64_t b = draw(), m = draw(), k = draw(), n = draw();
    call.tensor("grad", {b, m, n}).tensor("self", {b, m, k}).tensor("other", {b, k, n});
    once = loops({b, m, k, n});
  }
  call.flags("mask", {self, other});
  EXPECT_THAT(call.cost(), Costs((self ? once : 0) + (other ? once : 0), 0, 0));
}

// Sums over the first and the last dimension of self.
void tensordot(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), b = draw(), k = draw(), n = draw();
  call.tensor("self", {m, b, k}).tensor("other", {k, m, n}).integers("dims_self", {0, -1}).integers("dims_other", {1, 0});
  call.returns({b, n});
  EXPECT_THAT(call.cost(), Costs(loops({b, n, m, k}), 0, 0));
}

// out[i][j] = sum of a[i][l] b[l][j] + sum of c[i][l] d[l][j]
void mm_plus_mm(NestCall& call, Draw& draw) {
  const std::int64_t m = draw(), n = draw(), k = draw(), l = draw();
  call.tensor("a", {m, k}).tensor("b", {k, n}).tensor("c", {m, l}).tensor("d", {l, n}).mutated("out", {m, n}).returns({m, n});
  EXPECT_THAT(call.cost(), Costs(loops({m, n, k}) + loops({m, n, l}), m * n, 0));
}

// As nn.Bilinear has it: out[b][o] = sum over i, j of x[b][i] w[o][i][j] y[b][j]; x w is made first, then times y.
void trilinear(NestCall& call, Draw& draw) {
  const std::int64_t b = draw(), o = draw(), m = draw(), k = draw();
  call.tensor("i1", {b, m}).tensor("i2", {o, m, k}).tensor("i3", {b, k}).integers("expand1", {1, 3}).integers("expand2", {0});
  call.integers("expand3", {1, 2}).integers("sumdim", {2, 3}).returns({b, o});
  EXPECT_THAT(call.cost(), Costs(loops({b, o, k, m}) + loops({b, o, k}), 0, 0));
}

// |x|^2 - 2xy + |y|^2: each row of x, with two more elements, meets each of y. Few points are taken one by one.
void cdist(NestCall& call, Draw& draw) {
  const std::int64_t batch = draw(1, 3), p = draw(1, 40), r = draw(1, 40), m = draw();
  call.tensor("x1", {batch, p, m}).tensor("x2", {batch, r, m}).returns({batch, p, r});
  bool as_product = true;
  if (call.has("compute_mode")) {
    const std::int64_t mode = draw(0, 2);
    const std::int64_t order = draw(1, 3);
    call.number("p", static_cast<double>(order)).integer("compute_mode", mode);
    as_product = order == 2 && (mode == 1 || (mode == 0 && (p > 25 || r > 25)));
  }
  EXPECT_EQ(call.cost().macs, as_product ? loops({batch, p, r, m + 2}) : 0);
}

// d[i] = sum of grad[bag of i][j] weight[index i][j]
void embedding_bag_sample_weights(NestCall& call, Draw& draw) {
  const std::int64_t indices = draw(), bags = draw(), features = draw();
  call.tensor("grad", {bags, features}).tensor("weight", {9, features}).tensor("indices", {indices}, DType::kInt64);
  call.returns({indices});
  EXPECT_THAT(call.cost(), Costs(loops({indices, features}), 0, 0));
}

// V diag(1 / s) U^T: out[j][i] = sum of v[j][l] u[i][l]
void pinv(NestCall& call, Draw& draw) {
  const std::int64_t b = draw(), m = draw(), n = draw();
  const bool hermitian = m == n && draw.coin();
  call.tensor("self", {b, m, n}).flag("hermitian", hermitian).returns({b, n, m});
  EXPECT_EQ(call.cost().macs, loops({b, n, m, std::min(m, n)}));
}

// A^2, A^3, A^6 and two products of combinations.
void matrix_exp(NestCall& call, Draw& draw) {
  const std::int64_t b = draw(), n = draw(2);
  call.tensor("self", {b, n, n}).returns({b, n, n});
  EXPECT_EQ(call.cost().macs, loops({b, 5, n, n, n}));
}

// grid[n][y][x][c] = sum of theta[n][c][j] (x, y, 1)[j]; d_theta[n][c][j] = sum over y, x of d_grid[n][y][x][c] (x, y, 1)[j]. In
// three dimensions likewise.
void affine_grid(NestCall& call, Draw& draw) {
  const bool deep = !call.has("N") && draw.coin();
  const std::int64_t n = draw(1, 3), depth = deep ? draw() : 1, height = draw(), width = draw(), dims = deep ? 3 : 2;
  const Shape grid = deep ? Shape{n, depth, height, width, dims} : Shape{n, height, width, dims};
  const Shape theta = {n, dims, dims + 1};
  const bool backward = call.has("grad");
  call.tensor(call.name(0), backward ? grid : theta).returns(backward ? theta : grid);
  EXPECT_THAT(call.cost(), Costs(loops({n, depth, height, width, dims, dims + 1}), 0, 0));
}

constexpr Nest kNests[] = {
    {"_native::_foreach_mm_native_0", foreach_mm},
    {"aten::_addmm_activation", addmm},
    {"aten::_cdist_forward", cdist},
    {"aten::_embedding_bag_per_sample_weights_backward", embedding_bag_sample_weights},
    {"aten::_euclidean_dist", cdist},
    {"aten::_foreach_mm", foreach_mm},
    {"aten::_grouped_mm", grouped_mm},
    {"aten::_int_mm", int_mm},
    {"aten::_scaled_grouped_mm", grouped_mm},
    {"aten::_scaled_grouped_mm_v2", grouped_mm},
    {"aten::_scaled_mm", scaled_mm},
    {"aten::_scaled_mm_v2", scaled_mm},
    {"aten::_trilinear", trilinear},
    {"aten::addbmm", addbmm},
    {"aten::addmm", addmm},
    {"aten::addmv", addmv},
    {"aten::addr", addr},
    {"aten::affine_grid_generator", affine_grid},
    {"aten::baddbmm", baddbmm},
    {"aten::bmm", bmm},
    {"aten::cudnn_affine_grid_generator", affine_grid},
    {"aten::cudnn_affine_grid_generator_backward", affine_grid},
    {"aten::dot", dot},
    {"aten::linalg_matrix_exp", matrix_exp},
    {"aten::linalg_pinv", pinv},
    {"aten::matmul", matmul},
    {"aten::matmul_backward", matmul_backward},
    {"aten::mm", mm},
    {"aten::mv", mv},
    {"aten::tensordot", tensordot},
    {"aten::vdot", dot},
    {"inductor::_mm_plus_mm", mm_plus_mm},
    {"symm_mem::_async_input_mm", mm},
};

}  // namespace

absl::Span<const Nest> matrix_nests() { return kNests; }

}  // namespace torchtally::loop_nests
