#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

// 3 rows of 4 floats of a table of 100, 3 indices of 8 bytes: 48 + 24 read, 48 written.
TEST(Gather, ReadsWhatItSelects) {
  CallBuilder embedding("aten::embedding");
  embedding.tensor("weight", {100, 4}).tensor("indices", {3}, DType::kInt64).returns({3, 4});
  EXPECT_THAT(embedding.cost(), Moves(72, 48));
  EXPECT_THAT(embedding.cost(), Costs(0, 0, 0));

  CallBuilder select("aten::index_select");
  select.tensor("self", {100, 4}).integer("dim", 0).tensor("index", {3}, DType::kInt64).returns({3, 4});
  EXPECT_THAT(select.cost(), Moves(72, 48));

  CallBuilder index("aten::index", "Tensor");
  index.tensor("self", {100, 4}).tensors("indices", {{3}}, DType::kInt64).returns({3, 4});
  EXPECT_THAT(index.cost(), Moves(72, 48));

  CallBuilder gather("aten::gather");
  gather.tensor("self", {100, 4}).integer("dim", 0).tensor("index", {3, 4}, DType::kInt64).returns({3, 4});
  EXPECT_THAT(gather.cost(), Moves(48 + 96, 48));
}

// The destination of a copy is written only.
TEST(Copy, DoesNotReadItsDestination) {
  CallBuilder call("aten::copy_");
  call.mutated("self", {10}).tensor("src", {10}, DType::kFloat16).flag("non_blocking", false).returns({10});
  EXPECT_THAT(call.cost(), Moves(20, 40));
}

TEST(Empty, TouchesNothing) {
  CallBuilder call("aten::empty", "memory_format");
  call.integers("size", {10}).returns({10});
  EXPECT_THAT(call.cost(), Moves(0, 0));
}

TEST(Factory, OnlyWrites) {
  CallBuilder zero("aten::zero_");
  EXPECT_THAT(zero.mutated("self", {10}).returns({10}).cost(), Moves(0, 40));
  CallBuilder random("aten::uniform_");
  EXPECT_THAT(random.mutated("self", {10}).returns({10}).cost(), Moves(0, 40));
}

TEST(View, TouchesNothing) {
  CallBuilder call("aten::view");
  call.tensor("self", {10}).integers("size", {2, 5}).returns({2, 5});
  EXPECT_THAT(call.cost(), Moves(0, 0));
  EXPECT_EQ(call.cost().activations, 0);
  EXPECT_EQ(call.cost().calls, 1);
}

// 3 rows of 4 go into a table of 100. In place: values 48 and indices 24 read, 48 written; where it accumulates, the rows are
// read too and 12 additions made.
TEST(IndexPut, InPlaceTouchesItsRows) {
  const auto cost = [](bool accumulate) {
    CallBuilder call("aten::index_put_");
    call.mutated("self", {100, 4})
        .tensors("indices", {{3}}, DType::kInt64)
        .tensor("values", {3, 4})
        .flag("accumulate", accumulate);
    return call.returns({100, 4}).cost();
  };
  EXPECT_THAT(cost(false), Costs(0, 0, 0));
  EXPECT_THAT(cost(false), Moves(72, 48));
  EXPECT_THAT(cost(true), Costs(0, 12, 0));
  EXPECT_THAT(cost(true), Moves(72 + 48, 48));
}

// Not in place, the table is copied.
TEST(IndexPut, CopiesTheRest) {
  CallBuilder call("aten::index_put");
  call.tensor("self", {100, 4}).tensors("indices", {{3}}, DType::kInt64).tensor("values", {3, 4}).flag("accumulate", false);
  EXPECT_THAT(call.returns({100, 4}).cost(), Moves(1600 + 72, 1600));
}

// 12 additions, and 12 products where alpha is not 1.
TEST(IndexAdd, PerSourceElement) {
  const auto cost = [](double alpha) {
    CallBuilder call("aten::index_add_");
    call.mutated("self", {100, 4}).integer("dim", 0).tensor("index", {3}, DType::kInt64).tensor("source", {3, 4});
    return call.number("alpha", alpha).returns({100, 4}).cost();
  };
  EXPECT_THAT(cost(1), Costs(0, 12, 0));
  EXPECT_THAT(cost(2), Costs(0, 24, 0));
  EXPECT_THAT(cost(1), Moves(48 + 24 + 48, 48));
}

// 6 indices. scatter_add adds; scatter overwrites, unless it reduces; a value is no tensor to read.
TEST(Scatter, PerIndex) {
  CallBuilder add("aten::scatter_add_");
  add.mutated("self", {100}).integer("dim", 0).tensor("index", {6}, DType::kInt64).tensor("src", {6}).returns({100});
  EXPECT_THAT(add.cost(), Costs(0, 6, 0));
  EXPECT_THAT(add.cost(), Moves(24 + 48 + 24, 24));

  CallBuilder plain("aten::scatter_", "value");
  plain.mutated("self", {100}).integer("dim", 0).tensor("index", {6}, DType::kInt64).number("value", 1).returns({100});
  EXPECT_THAT(plain.cost(), Costs(0, 0, 0));
  EXPECT_THAT(plain.cost(), Moves(48, 24));

  CallBuilder reduce("aten::scatter", "reduce");
  reduce.tensor("self", {100}).integer("dim", 0).tensor("index", {6}, DType::kInt64).tensor("src", {6}).text("reduce", "add");
  EXPECT_THAT(reduce.returns({100}).cost(), Costs(0, 6, 0));
}

// 6 rows of 4, in 2 bags: 24 additions; the mean divides 8 outputs; sample weights are 24 products.
TEST(EmbeddingBag, Modes) {
  const auto cost = [](std::int64_t mode, bool weighted) {
    CallBuilder call("aten::_embedding_bag");
    call.tensor("weight", {100, 4}).tensor("indices", {6}, DType::kInt64).tensor("offsets", {2}, DType::kInt64);
    call.flag("scale_grad_by_freq", false).integer("mode", mode).flag("sparse", false);
    weighted ? call.tensor("per_sample_weights", {6}) : call.none("per_sample_weights");
    return call.returns({2, 4}).cost();
  };
  EXPECT_THAT(cost(0, false), Costs(0, 24, 0));
  EXPECT_THAT(cost(1, false), Costs(0, 24 + 8, 0));
  EXPECT_THAT(cost(0, true), Costs(0, 48, 0));
  EXPECT_THAT(cost(0, false), Moves(96 + 48 + 16, 32));
}

// 6 indices, gradients of 4 elements: 24 additions.
TEST(EmbeddingBag, DenseBackward) {
  CallBuilder call("aten::_embedding_bag_dense_backward");
  call.tensor("grad", {2, 4}).tensor("indices", {6}, DType::kInt64).returns({100, 4});
  EXPECT_THAT(call.cost(), Costs(0, 24, 0));
}

// 50 indices into 2 rows of 4 floats: both rows are read, once at least.
TEST(Gather, ReadsNoMoreThanThereIs) {
  CallBuilder call("aten::embedding");
  call.tensor("weight", {2, 4}).tensor("indices", {50}, DType::kInt64).returns({50, 4});
  EXPECT_THAT(call.cost(), Moves(32 + 400, 800));
}

// 4 of 20 floats.
TEST(Copy, OfAPartReadsThatPart) {
  CallBuilder call("aten::select_copy", "int");
  EXPECT_THAT(call.tensor("self", {5, 4}).integer("dim", 0).integer("index", 2).returns({4}).cost(), Moves(16, 16));
}

// 4 of 20 floats are replaced: 16 are copied from self, 4 from the source.
TEST(Copy, WithAPartReplaced) {
  CallBuilder call("aten::select_scatter");
  call.tensor("self", {5, 4}).tensor("src", {4}).integer("dim", 0).integer("index", 2).returns({5, 4});
  EXPECT_THAT(call.cost(), Moves(80, 80));
}

// The values of a sparse tensor, not its indices.
TEST(Copy, OfValues) {
  CallBuilder call("aten::values_copy");
  EXPECT_THAT(call.sparse("self", {10, 10}, 7, Layout::kSparseCsr, 144).returns({7}).cost(), Moves(28, 28));
}

// 3 values are added; the 100 elements are copied.
TEST(IndexPut, Masked) {
  CallBuilder call("aten::_unsafe_masked_index_put_accumulate");
  call.tensor("self", {100}).tensor("mask", {3}, DType::kBool).tensors("indices", {{3}}, DType::kInt64).tensor("values", {3});
  call.returns({100});
  EXPECT_THAT(call.cost(), Costs(0, 3, 0));
  EXPECT_THAT(call.cost(), Moves(400 + 3 + 24 + 12, 400));
}

// Each of 6 indices: its bag's gradient of 4 times its row of 4. 6 rows of a table of 100 are read.
TEST(EmbeddingBag, SampleWeightsBackward) {
  CallBuilder call("aten::_embedding_bag_per_sample_weights_backward");
  call.tensor("grad", {2, 4}).tensor("weight", {100, 4}).tensor("indices", {6}, DType::kInt64);
  call.tensor("offsets", {2}, DType::kInt64).tensor("offset2bag", {6}, DType::kInt64).integer("mode", 0).returns({6});
  EXPECT_THAT(call.cost(), Costs(24, 0, 0));
  EXPECT_THAT(call.cost(), Moves(32 + 96 + 48 + 16 + 48, 24));
}

// One value for 3 rows of 4, and 3 x 5 of them: the index of rows broadcasts with that of columns.
TEST(IndexPut, ValuesBroadcast) {
  CallBuilder rows("aten::index_put_");
  rows.mutated("self", {100, 4}).tensors("indices", {{3}}, DType::kInt64).tensor("values", {}).flag("accumulate", true);
  EXPECT_THAT(rows.returns({100, 4}).cost(), Costs(0, 12, 0));
  EXPECT_THAT(rows.cost(), Moves(4 + 24 + 48, 48));
  CallBuilder grid("aten::index_put_");
  grid.mutated("self", {100, 40}).tensors("indices", {{3, 1}, {5}}, DType::kInt64).tensor("values", {});
  EXPECT_THAT(grid.flag("accumulate", true).returns({100, 40}).cost(), Costs(0, 15, 0));
}

// A complex addition is two.
TEST(IndexPut, Complex) {
  CallBuilder call("aten::index_put_");
  call.mutated("self", {100}, DType::kComplex64).tensors("indices", {{3}}, DType::kInt64);
  call.tensor("values", {3}, DType::kComplex64).flag("accumulate", true).returns({100}, DType::kComplex64);
  EXPECT_THAT(call.cost(), Costs(0, 6, 0));
}

// 3 of 100 elements, 8 bytes for each index.
TEST(Put, TouchesItsElements) {
  const auto cost = [](bool accumulate) {
    CallBuilder call("aten::put_");
    call.mutated("self", {10, 10}).tensor("index", {3}, DType::kInt64).tensor("source", {3}).flag("accumulate", accumulate);
    return call.returns({10, 10}).cost();
  };
  EXPECT_THAT(cost(false), Costs(0, 0, 0));
  EXPECT_THAT(cost(false), Moves(12 + 24, 12));
  EXPECT_THAT(cost(true), Costs(0, 3, 0));
  EXPECT_THAT(cost(true), Moves(12 + 24 + 12, 12));
}

// 3 rows of 4 of a table of 100. Not in place, the table is copied.
TEST(IndexCopy, TouchesItsRows) {
  CallBuilder in_place("aten::index_copy_");
  in_place.mutated("self", {100, 4}).integer("dim", 0).tensor("index", {3}, DType::kInt64).tensor("source", {3, 4});
  EXPECT_THAT(in_place.returns({100, 4}).cost(), Moves(48 + 24, 48));
  CallBuilder functional("aten::index_copy");
  functional.tensor("self", {100, 4}).integer("dim", 0).tensor("index", {3}, DType::kInt64).tensor("source", {3, 4});
  EXPECT_THAT(functional.returns({100, 4}).cost(), Moves(1600 + 48 + 24, 1600));
}

TEST(IndexFill, TouchesItsRows) {
  CallBuilder call("aten::index_fill_", "int_Scalar");
  call.mutated("self", {100, 4}).integer("dim", 0).tensor("index", {3}, DType::kInt64).number("value", 1);
  EXPECT_THAT(call.returns({100, 4}).cost(), Moves(24, 48));
  CallBuilder columns("aten::index_fill_", "int_Scalar");
  columns.mutated("self", {100, 4}).integer("dim", -1).tensor("index", {3}, DType::kInt64).number("value", 1);
  EXPECT_THAT(columns.returns({100, 4}).cost(), Moves(24, 1200));
}

// A mask of 10 bytes. In place self is not read.
TEST(Masked, Fill) {
  CallBuilder in_place("aten::masked_fill_", "Scalar");
  in_place.mutated("self", {10}).tensor("mask", {10}, DType::kBool).number("value", 0).returns({10});
  EXPECT_THAT(in_place.cost(), Moves(10, 40));
  CallBuilder functional("aten::masked_fill", "Scalar");
  functional.tensor("self", {10}).tensor("mask", {10}, DType::kBool).number("value", 0).returns({10});
  EXPECT_THAT(functional.cost(), Moves(50, 40));
}

// 4 values for a mask of 10; 40 values are more than fit.
TEST(Masked, Scatter) {
  const auto cost = [](std::int64_t values) {
    CallBuilder call("aten::masked_scatter_");
    call.mutated("self", {10}).tensor("mask", {10}, DType::kBool).tensor("source", {values}).returns({10});
    return call.cost();
  };
  EXPECT_THAT(cost(4), Moves(10 + 16, 16));
  EXPECT_THAT(cost(40), Moves(10 + 40, 40));
}

// The mask, and the 4 elements that it selects.
TEST(Masked, Select) {
  CallBuilder call("aten::masked_select");
  EXPECT_THAT(call.tensor("self", {100}).tensor("mask", {100}, DType::kBool).returns({4}).cost(), Moves(100 + 16, 16));
}

// All of it is looked at; 3 places in two dimensions, 8 bytes each.
TEST(Nonzero, ReadsAll) {
  CallBuilder call("aten::nonzero");
  EXPECT_THAT(call.tensor("self", {10, 10}).returns({3, 2}, DType::kInt64).cost(), Moves(400, 48));
}

// Probabilities are read; what gets the numbers, or gives their shape, is not.
TEST(Random, ReadsItsParameters) {
  CallBuilder of_probabilities("aten::bernoulli");
  EXPECT_THAT(of_probabilities.tensor("self", {10}).none("generator").returns({10}).cost(), Moves(40, 40));
  CallBuilder of_one("aten::bernoulli", "p");
  EXPECT_THAT(of_one.tensor("self", {10}).number("p", 0.5).returns({10}).cost(), Moves(0, 40));
  CallBuilder in_place("aten::bernoulli_", "Tensor");
  EXPECT_THAT(in_place.mutated("self", {10}).tensor("p", {10}).returns({10}).cost(), Moves(40, 40));
  CallBuilder normal("aten::normal", "Tensor_float");
  EXPECT_THAT(normal.tensor("mean", {10}).number("std", 1).returns({10}).cost(), Moves(40, 40));
  CallBuilder normal_in_place("aten::normal_");
  EXPECT_THAT(normal_in_place.mutated("self", {10}).number("mean", 0).number("std", 1).returns({10}).cost(), Moves(0, 40));
  CallBuilder multinomial("aten::multinomial");
  multinomial.tensor("self", {10}).integer("num_samples", 2).returns({2}, DType::kInt64);
  EXPECT_THAT(multinomial.cost(), Moves(40, 16));
}

}  // namespace
}  // namespace torchtally
