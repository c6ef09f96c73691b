// Matrix products against loop nests that count each multiply-add.
#include <gtest/gtest.h>

#include <random>

#include "call_builder.h"

namespace torchtally {
namespace {

// C[b][i][j] += A[b][i][l] * B[b][l][j]
std::int64_t multiply_adds(std::int64_t b, std::int64_t m, std::int64_t k, std::int64_t n) {
  std::int64_t count = 0;
  for (std::int64_t batch = 0; batch < b; ++batch) {
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        for (std::int64_t l = 0; l < k; ++l) ++count;
      }
    }
  }
  return count;
}

class RandomProduct : public testing::TestWithParam<int> {
 protected:
  RandomProduct() {
    std::mt19937 generator(4711 + GetParam());
    for (auto* size : {&b, &m, &k, &n}) *size = std::uniform_int_distribution<std::int64_t>(1, 9)(generator);
  }
  std::int64_t b = 0, m = 0, k = 0, n = 0;
};

TEST_P(RandomProduct, Plain) {
  CallBuilder mm("aten::mm");
  mm.tensor("self", {m, k}).tensor("mat2", {k, n}).returns({m, n});
  EXPECT_THAT(mm.cost(), Costs(multiply_adds(1, m, k, n), 0, 0));

  CallBuilder int_mm("aten::_int_mm");
  int_mm.tensor("self", {m, k}, DType::kInt8).tensor("mat2", {k, n}, DType::kInt8).returns({m, n}, DType::kInt32);
  EXPECT_THAT(int_mm.cost(), Costs(multiply_adds(1, m, k, n), 0, 0));

  CallBuilder bmm("aten::bmm");
  bmm.tensor("self", {b, m, k}).tensor("mat2", {b, k, n}).returns({b, m, n});
  EXPECT_THAT(bmm.cost(), Costs(multiply_adds(b, m, k, n), 0, 0));

  CallBuilder mv("aten::mv");
  mv.tensor("self", {m, k}).tensor("vec", {k}).returns({m});
  EXPECT_THAT(mv.cost(), Costs(multiply_adds(1, m, k, 1), 0, 0));

  for (const auto name : {"aten::dot", "aten::vdot"}) {
    CallBuilder dot(name);
    dot.tensor("self", {k}).tensor("other", {k}).returns({});
    EXPECT_THAT(dot.cost(), Costs(multiply_adds(1, 1, k, 1), 0, 0));
  }
}

TEST_P(RandomProduct, Added) {
  CallBuilder addmm("aten::addmm");
  addmm.tensor("self", {n}).tensor("mat1", {m, k}).tensor("mat2", {k, n}).integer("beta", 1).integer("alpha", 1).returns({m, n});
  EXPECT_THAT(addmm.cost(), Costs(multiply_adds(1, m, k, n), m * n, 0));

  CallBuilder addmv("aten::addmv");
  addmv.tensor("self", {m}).tensor("mat", {m, k}).tensor("vec", {k}).integer("beta", 1).integer("alpha", 1).returns({m});
  EXPECT_THAT(addmv.cost(), Costs(multiply_adds(1, m, k, 1), m, 0));

  CallBuilder addr("aten::addr");
  addr.tensor("self", {m, n}).tensor("vec1", {m}).tensor("vec2", {n}).integer("beta", 1).integer("alpha", 1).returns({m, n});
  EXPECT_THAT(addr.cost(), Costs(multiply_adds(1, m, 1, n), m * n, 0));

  CallBuilder baddbmm("aten::baddbmm");
  baddbmm.tensor("self", {b, m, n}).tensor("batch1", {b, m, k}).tensor("batch2", {b, k, n});
  baddbmm.integer("beta", 1).integer("alpha", 1).returns({b, m, n});
  EXPECT_THAT(baddbmm.cost(), Costs(multiply_adds(b, m, k, n), b * m * n, 0));

  CallBuilder addbmm("aten::addbmm");
  addbmm.tensor("self", {m, n}).tensor("batch1", {b, m, k}).tensor("batch2", {b, k, n});
  addbmm.integer("beta", 1).integer("alpha", 1).returns({m, n});
  EXPECT_THAT(addbmm.cost(), Costs(multiply_adds(b, m, k, n), m * n, 0));
}

TEST_P(RandomProduct, Linear) {
  for (const auto name : {"aten::linear", "aten::mkldnn_linear"}) {
    CallBuilder with_bias(name);
    with_bias.tensor("input", {b, m, k}).tensor("weight", {n, k}).tensor("bias", {n}).returns({b, m, n});
    EXPECT_THAT(with_bias.cost(), Costs(multiply_adds(b, m, k, n), b * m * n, 0));
    CallBuilder without(name);
    without.tensor("input", {k}).tensor("weight", {n, k}).none("bias").returns({n});
    EXPECT_THAT(without.cost(), Costs(multiply_adds(1, 1, k, n), 0, 0));
  }
}

TEST_P(RandomProduct, LinearBackward) {
  const auto backward = [&](bool input, bool weight, bool bias) {
    CallBuilder call("aten::linear_backward");
    call.tensor("self", {b, m, k}).tensor("grad_output", {b, m, n}).tensor("weight", {n, k});
    call.flags("output_mask", {input, weight, bias}).returns({b, m, k}).returns({n, k}).returns({n});
    return call.cost();
  };
  const std::int64_t once = multiply_adds(b, m, k, n);
  EXPECT_THAT(backward(true, true, true), Costs(2 * once, b * m * n, 0));
  EXPECT_THAT(backward(true, false, false), Costs(once, 0, 0));
  EXPECT_THAT(backward(false, true, false), Costs(once, 0, 0));

  CallBuilder input("aten::mkldnn_linear_backward_input");
  input.integers("input_size", {b, m, k}).tensor("grad_output", {b, m, n}).tensor("weight", {n, k}).returns({b, m, k});
  EXPECT_THAT(input.cost(), Costs(once, 0, 0));
  CallBuilder weights("aten::mkldnn_linear_backward_weights");
  weights.tensor("grad_output", {b, m, n}).tensor("input", {b, m, k}).tensor("weight", {n, k}).flag("bias_defined", true);
  weights.returns({n, k}).returns({n});
  EXPECT_THAT(weights.cost(), Costs(once, b * m * n, 0));
}

TEST_P(RandomProduct, MatmulBroadcasts) {
  CallBuilder batched("aten::matmul");
  batched.tensor("self", {m, k}).tensor("other", {b, k, n}).returns({b, m, n});
  EXPECT_THAT(batched.cost(), Costs(multiply_adds(b, m, k, n), 0, 0));
  CallBuilder vectors("aten::matmul");
  vectors.tensor("self", {k}).tensor("other", {k}).returns({});
  EXPECT_THAT(vectors.cost(), Costs(multiply_adds(1, 1, k, 1), 0, 0));
  CallBuilder by_vector("aten::matmul");
  by_vector.tensor("self", {b, m, k}).tensor("other", {k}).returns({b, m});
  EXPECT_THAT(by_vector.cost(), Costs(multiply_adds(b, m, k, 1), 0, 0));
  CallBuilder vector_by("aten::matmul");
  vector_by.tensor("self", {k}).tensor("other", {b, k, n}).returns({b, n});
  EXPECT_THAT(vector_by.cost(), Costs(multiply_adds(b, 1, k, n), 0, 0));
}

// Groups of rows, of columns, of the summed dimension, and plain batches: per group its own loop nest.
TEST_P(RandomProduct, Grouped) {
  const std::int64_t first = m, second = m + 2;  // sizes of two groups
  CallBuilder rows("aten::_grouped_mm");
  rows.tensor("self", {first + second, k}).tensor("mat2", {2, k, n}).returns({first + second, n});
  EXPECT_THAT(rows.cost(), Costs(multiply_adds(1, first, k, n) + multiply_adds(1, second, k, n), 0, 0));
  CallBuilder columns("aten::_grouped_mm");
  columns.tensor("self", {2, n, k}).tensor("mat2", {k, first + second}).returns({n, first + second});
  EXPECT_THAT(columns.cost(), Costs(multiply_adds(1, n, k, first) + multiply_adds(1, n, k, second), 0, 0));
  CallBuilder summed("aten::_grouped_mm");
  summed.tensor("self", {k, first + second}).tensor("mat2", {first + second, n}).returns({2, k, n});
  EXPECT_THAT(summed.cost(), Costs(multiply_adds(1, k, first, n) + multiply_adds(1, k, second, n), 0, 0));
  CallBuilder batches("aten::_grouped_mm");
  batches.tensor("self", {b, m, k}).tensor("mat2", {b, k, n}).returns({b, m, n});
  EXPECT_THAT(batches.cost(), Costs(multiply_adds(b, m, k, n), 0, 0));
}

// nn.Bilinear as _trilinear: out[b][o] = sum over i, j of x[b][i] w[o][i][j] y[b][j]; x w is made first, summed over i, then
// times y.
TEST_P(RandomProduct, Trilinear) {
  std::int64_t count = 0;
  for (std::int64_t batch = 0; batch < b; ++batch) {
    for (std::int64_t o = 0; o < n; ++o) {
      for (std::int64_t j = 0; j < k; ++j) {
        for (std::int64_t i = 0; i < m; ++i) ++count;  // t += x * w
        ++count;                                       // out += t * y
      }
    }
  }
  CallBuilder call("aten::_trilinear");
  call.tensor("i1", {b, m}).tensor("i2", {n, m, k}).tensor("i3", {b, k});
  call.integers("expand1", {1, 3})
      .integers("expand2", {0})
      .integers("expand3", {1, 2})
      .integers("sumdim", {2, 3})
      .returns({b, n});
  EXPECT_THAT(call.cost(), Costs(count, 0, 0));
}

// Parts of m x k, of k x m and of n x k.
TEST_P(RandomProduct, Nested) {
  const std::int64_t all = multiply_adds(1, m, k, n) + multiply_adds(1, k, m, n) + multiply_adds(1, n, k, n);
  for (const auto name : {"aten::bmm", "aten::matmul"}) {
    CallBuilder both(name);
    both.nested("self", {{m, k}, {k, m}, {n, k}}).nested("mat2", {{k, n}, {m, n}, {k, n}});
    EXPECT_THAT(both.returns_nested({{m, n}, {k, n}, {n, n}}).cost(), Costs(all, 0, 0)) << name;
  }
  CallBuilder heads("aten::matmul");
  heads.nested("self", {{b, m, k}, {b, n, k}}).nested("other", {{b, k, m}, {b, k, n}}).returns_nested({{b, m, m}, {b, n, n}});
  EXPECT_THAT(heads.cost(), Costs(multiply_adds(b, m, k, m) + multiply_adds(b, n, k, n), 0, 0));
  CallBuilder backward("aten::matmul_backward");
  backward.nested("grad", {{m, n}, {k, n}}).nested("self", {{m, k}, {k, m}}).nested("other", {{k, n}, {m, n}});
  backward.flags("mask", {true, true});
  EXPECT_THAT(backward.cost(), Costs(2 * (multiply_adds(1, m, k, n) + multiply_adds(1, k, m, n)), 0, 0));

  CallBuilder linear("aten::linear");
  linear.nested("input", {{m, k}, {b, k}}).tensor("weight", {n, k}).tensor("bias", {n}).returns_nested({{m, n}, {b, n}});
  EXPECT_THAT(linear.cost(), Costs(multiply_adds(1, m + b, k, n), (m + b) * n, 0));
}

// Weights that are packed in ways that don't show their size.
TEST_P(RandomProduct, PackedWeights) {
  const std::int64_t products = multiply_adds(1, m, k, n);
  const auto linear = [&](std::string_view name) {
    CallBuilder call(name);
    call.tensor("self", {m, k}, DType::kBFloat16).tensor("packed", {1, 2, 3, 4}, DType::kInt32);
    return call.returns({m, n}, DType::kBFloat16).cost();
  };
  EXPECT_THAT(linear("aten::_weight_int4pack_mm"), Costs(products, 3 * n * k, 0));
  EXPECT_THAT(linear("aten::_weight_int4pack_mm_for_cpu"), Costs(products, 3 * n * k, 0));
  EXPECT_THAT(linear("aten::_weight_int8pack_mm"), Costs(products, m * n, 0));
  EXPECT_THAT(linear("aten::_mixed_dtypes_linear"), Costs(products, n * k, 0));
  EXPECT_THAT(linear("prepacked::linear_clamp_run"), Costs(products, 0, 0));

  CallBuilder dynamic("aten::_dyn_quant_matmul_4bit");
  dynamic.tensor("inp", {m, k}).tensor("packed_weights", {77}, DType::kUInt8).integer("block_size", k).integer("in_features", k);
  EXPECT_THAT(dynamic.returns({m, n}).cost(), Costs(products, 4 * m * k + 2 * m * n, 0));

  CallBuilder mkl("mkl::_mkl_linear");
  mkl.tensor("X", {m, k}).tensor("MKL_W", {77}).tensor("ORI_W", {n, k}).tensor("B", {n}).integer("batch_size", m);
  mkl.returns({m, n});
  EXPECT_THAT(mkl.cost(), Costs(products, m * n, 0));
  EXPECT_THAT(mkl.cost(), Moves((m * k + n * k + n) * 4, m * n * 4));
}

// What follows the product, by its name: per output a bias, an operand, an activation.
TEST_P(RandomProduct, PointwiseAfterwards) {
  const auto cost = [&](std::string_view attr, std::string_view algorithm) {
    CallBuilder call("mkldnn::_linear_pointwise");
    call.tensor("X", {b, m, k})
        .tensor("W", {n, k})
        .tensor("B", {n})
        .text("attr", attr)
        .none("scalars")
        .text("algorithm", algorithm);
    return call.returns({b, m, n}).cost();
  };
  const std::int64_t products = multiply_adds(b, m, k, n);
  const std::int64_t outputs = b * m * n;
  EXPECT_THAT(cost("none", ""), Costs(products, outputs, 0));
  EXPECT_THAT(cost("relu", ""), Costs(products, 2 * outputs, 0));
  EXPECT_THAT(cost("sigmoid", ""), Costs(products, outputs, outputs));
  EXPECT_THAT(cost("gelu", "none"), Costs(products, (1 + 4) * outputs, outputs));
  EXPECT_THAT(cost("gelu", "tanh"), Costs(products, (1 + 8) * outputs, outputs));

  CallBuilder binary("mkldnn::_linear_pointwise", "binary");
  binary.tensor("X", {b, m, k}).tensor("other", {b, m, n}).tensor("W", {n, k}).none("B").text("attr", "add");
  EXPECT_THAT(binary.returns({b, m, n}).cost(), Costs(products, outputs, 0));
}

// Sums over m and k, which are the first and the last dimension of self.
TEST_P(RandomProduct, Tensordot) {
  CallBuilder call("aten::tensordot", "out");
  call.tensor("self", {m, b, k}).tensor("other", {k, m, n}).integers("dims_self", {0, -1}).integers("dims_other", {1, 0});
  EXPECT_THAT(call.out("out", {b, n}).returns({b, n}).cost(), Costs(multiply_adds(b, m, k, n), 0, 0));
}

TEST_P(RandomProduct, MatmulBackward) {
  const auto cost = [&](bool self, bool other) {
    CallBuilder call("aten::matmul_backward");
    call.tensor("grad", {b, m, n}).tensor("self", {b, m, k}).tensor("other", {b, k, n}).flags("mask", {self, other});
    return call.cost();
  };
  EXPECT_THAT(cost(true, true), Costs(2 * multiply_adds(b, m, k, n), 0, 0));
  EXPECT_THAT(cost(true, false), Costs(multiply_adds(b, m, k, n), 0, 0));
  EXPECT_THAT(cost(false, false), Costs(0, 0, 0));
}

INSTANTIATE_TEST_SUITE_P(Shapes, RandomProduct, testing::Range(0, 20));

// 5 combinations of 3 matrices of 2 x 2: a product and an addition each.
TEST(LinearCombination, Forward) {
  CallBuilder call("aten::_compute_linear_combination");
  EXPECT_THAT(call.tensor("input", {3, 2, 2}).tensor("coefficients", {5, 3}).returns({5, 2, 2}).cost(), Costs(0, 20 * 3 * 2, 0));
}

Cost addmm(double beta, double alpha) {
  CallBuilder call("aten::addmm");
  call.tensor("self", {2, 4}).tensor("mat1", {2, 3}).tensor("mat2", {3, 4}).number("beta", beta).number("alpha", alpha);
  return call.returns({2, 4}).cost();
}

// 8 outputs: + self 8; * beta 8 unless it is 1; * alpha 8 unless it is 1. With beta 0 self is neither read nor added.
TEST(Addmm, BetaAndAlpha) {
  EXPECT_THAT(addmm(1, 1), Costs(24, 8, 0));
  EXPECT_THAT(addmm(2, 1), Costs(24, 16, 0));
  EXPECT_THAT(addmm(2, 3), Costs(24, 24, 0));
  EXPECT_THAT(addmm(0, 1), Costs(24, 0, 0));
  EXPECT_THAT(addmm(1, 1), Moves((8 + 6 + 12) * 4, 8 * 4));
  EXPECT_THAT(addmm(0, 1), Moves((6 + 12) * 4, 8 * 4));
}

TEST(Addmm, OutputTypeComesBeforeBeta) {
  CallBuilder call("aten::addmm", "dtype");
  call.tensor("self", {2, 4})
      .tensor("mat1", {2, 3})
      .tensor("mat2", {3, 4})
      .other("out_dtype")
      .integer("beta", 1)
      .integer("alpha", 2);
  EXPECT_THAT(call.returns({2, 4}).cost(), Costs(24, 16, 0));
}

// 8 outputs: the sum, and relu 1 or gelu 4 and erf.
TEST(Addmm, Activation) {
  for (const bool gelu : {false, true}) {
    CallBuilder call("aten::_addmm_activation");
    call.tensor("self", {4}).tensor("mat1", {2, 3}).tensor("mat2", {3, 4}).integer("beta", 1).integer("alpha", 1);
    call.flag("use_gelu", gelu).returns({2, 4});
    EXPECT_THAT(call.cost(), Costs(24, gelu ? 8 + 32 : 8 + 8, gelu ? 8 : 0));
  }
}

// Complex: (a + bi)(c + di) summed is 4 real products and 4 real additions.
TEST(Mm, Complex) {
  CallBuilder call("aten::mm");
  call.tensor("self", {2, 3}, DType::kComplex64).tensor("mat2", {3, 4}, DType::kComplex64).returns({2, 4}, DType::kComplex64);
  EXPECT_THAT(call.cost(), Costs(4 * 24, 0, 0));
}

// Two 4-bit elements per byte: k is 2 * 3.
TEST(ScaledMm, PackedElements) {
  CallBuilder bytes("aten::_scaled_mm");
  bytes.tensor("self", {2, 3}, DType::kFloat8E4M3FN).tensor("mat2", {3, 4}, DType::kFloat8E4M3FN).returns({2, 4});
  EXPECT_THAT(bytes.cost(), Costs(24, 0, 0));
  CallBuilder packed("aten::_scaled_mm");
  packed.tensor("self", {2, 3}, DType::kFloat4E2M1FNx2).tensor("mat2", {3, 4}, DType::kFloat4E2M1FNx2).tensor("bias", {4});
  EXPECT_THAT(packed.returns({2, 4}).cost(), Costs(48, 8, 0));
}

// nn.Bilinear_32x48->16_B8: 8*16*48*32 for x w, 8*16*48 for the rest.
TEST(Trilinear, NamedExample) {
  CallBuilder call("aten::_trilinear");
  call.tensor("i1", {8, 32}).tensor("i2", {16, 32, 48}).tensor("i3", {8, 48});
  call.integers("expand1", {1, 3})
      .integers("expand2", {0})
      .integers("expand3", {1, 2})
      .integers("sumdim", {2, 3})
      .returns({8, 16});
  EXPECT_THAT(call.cost(), Costs(202752, 0, 0));
}

}  // namespace
}  // namespace torchtally
