// Every formula that counts multiply-adds against its loop nest; and no such formula without one.
#include "loop_nest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

namespace torchtally::loop_nests {
namespace {

constexpr unsigned kDraws = 50;

std::map<std::string_view, Nest> all_nests() {
  std::map<std::string_view, Nest> nests;
  for (const auto part : {matrix_nests(), linear_layer_nests(), sparse_nests(), convolution_nests(), attention_nests(),
                          recurrent_nests(), quantized_nests()}) {
    for (const Nest& nest : part) {
      const bool is_new = nests.emplace(nest.op, nest).second;
      EXPECT_TRUE(is_new) << nest.op << " has two nests";
    }
  }
  return nests;
}

std::set<std::string_view> signed_operators() {
  std::set<std::string_view> names;
  for (const Signature& signature : signatures()) names.insert(signature.name);
  return names;
}

class LoopNest : public testing::TestWithParam<Signature> {};

TEST_P(LoopNest, CountsEachMultiplyAdd) {
  const Signature& signature = GetParam();
  const auto nests = all_nests();
  const auto nest = nests.find(signature.name);
  ASSERT_NE(nest, nests.end());
  for (unsigned seed = 0; seed < kDraws; ++seed) {
    SCOPED_TRACE(seed);
    Draw draw(seed);
    NestCall call(signature);
    nest->second.check(call, draw);
    if (HasFailure()) return;
  }
}

std::string printable(const testing::TestParamInfo<Signature>& info) {
  std::string name = std::string(info.param.name) + "_" + std::string(info.param.overload) + "_" + std::to_string(info.index);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Operators, LoopNest, testing::ValuesIn(signatures().begin(), signatures().end()), printable);

TEST(LoopNests, EveryRowThatCountsMultiplyAddsHasOne) {
  const auto nests = all_nests();
  const auto names = signed_operators();
  std::size_t rows = 0;
  for (const formulas::Row& row : formulas::table()) {
    if (!counts_products(row)) continue;
    ++rows;
    EXPECT_EQ(nests.count(row.name), 1U) << row.name << ": its formula counts multiply-adds, but no loop nest does";
    EXPECT_EQ(names.count(row.name), 1U) << row.name << ": signatures.cpp does not say what its arguments are";
  }
  EXPECT_EQ(nests.size(), rows) << "a nest of an operator that the table does not have, or not with multiply-adds";
  EXPECT_EQ(names.size(), rows) << "a signature of an operator that the table does not have, or not with multiply-adds";
}

// What a family does not say, it does not do: all of its arguments are matrices here, single or in lists.
TEST(LoopNests, OtherRowsCountNoMultiplyAdds) {
  for (const formulas::Row& row : formulas::table()) {
    if (counts_products(row)) continue;
    CallBuilder single(row.name);
    CallBuilder listed(row.name);
    for (const auto* name : {"self", "mat1", "mat2", "weight", "input", "other"}) {
      single.tensor(name, {6, 6});
      listed.tensors(name, {{6, 6}, {6, 6}});
    }
    EXPECT_EQ(single.returns({6, 6}).cost().macs, 0) << row.name;
    EXPECT_EQ(listed.returns_list({{6, 6}, {6, 6}}).cost().macs, 0) << row.name;
  }
}

TEST(LoopNests, SignaturesAreSorted) {
  const auto less = [](const Signature& a, const Signature& b) {
    return std::tie(a.name, a.overload, a.arguments) < std::tie(b.name, b.overload, b.arguments);
  };
  EXPECT_TRUE(std::is_sorted(signatures().begin(), signatures().end(), less));
}

}  // namespace
}  // namespace torchtally::loop_nests
