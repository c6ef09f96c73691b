#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

// 100 elements: minimum and maximum; difference, product, quotient, addition to the bin.
TEST(Histogram, NumberOfBins) {
  CallBuilder call("aten::histogram", "bin_ct");
  call.tensor("self", {10, 10}).integer("bins", 8).none("range").none("weight").flag("density", false);
  EXPECT_THAT(call.returns({8}).returns({9}).cost(), Costs(0, 600, 0));
}

// Searched in 9 edges and added. A density of 8 bins: their sum, a division by it and by the length, of which there are 9 or
// less.
TEST(Histogram, Edges) {
  for (const bool density : {false, true}) {
    CallBuilder call("aten::histogram", "bins_tensor");
    call.tensor("self", {10, 10}).tensor("bins", {9}).none("weight").flag("density", density);
    EXPECT_THAT(call.returns({8}).returns({9}).cost(), Costs(0, density ? 100 + 32 : 100, 0));
  }
}

// 50 points of two coordinates: 6 bins. A density: sum, by it and by two lengths.
TEST(Histogram, Multidimensional) {
  for (const bool density : {false, true}) {
    CallBuilder call("aten::_histogramdd_from_bin_cts");
    call.tensor("self", {50, 2}).integers("bins", {2, 3}).none("range").none("weight").flag("density", density);
    EXPECT_THAT(call.returns({2, 3}).cost(), Costs(0, 200 + 300 + 50 + (density ? 24 + 5 : 0), 0));
  }
  CallBuilder searched("aten::_histogramdd_from_bin_tensors");
  searched.tensor("self", {50, 2}).tensors("bins", {{3}, {4}}).none("weight").flag("density", false);
  EXPECT_THAT(searched.returns({2, 3}).cost(), Costs(0, 50, 0));
  CallBuilder edges("aten::_histogramdd_bin_edges");
  edges.tensor("self", {50, 2}).integers("bins", {2, 3}).none("range").none("weight").flag("density", false);
  EXPECT_THAT(edges.returns_list({{3}, {4}}).cost(), Costs(0, 200, 0));
}

}  // namespace
}  // namespace torchtally
