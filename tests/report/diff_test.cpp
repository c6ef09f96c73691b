#include "torchtally/diff.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "golden.h"
#include "random_tally.h"
#include "sample_tally.h"

namespace torchtally {
namespace {

using testing::expect_golden;
using testing::random_tally;
using testing::sample_tally;

// The sample after a change: "backbone" is now "trunk", "stem" computes half, "spare" is gone, "neck" is new and calls a new
// operator.
Tally changed_sample() {
  const Tally sample = sample_tally();
  std::vector<ModuleInfo> modules = sample.modules();
  for (ModuleInfo& module : modules) {
    if (module.name.rfind("backbone", 0) == 0) module.name.replace(0, 8, "trunk");
  }
  modules[6].name = "neck";
  modules[6].type = "ReLU";
  modules[6].parameters = {};
  std::vector<OperatorInfo> operators = sample.operators();
  operators.push_back({"aten::relu", "", VerdictKind::kCounted, ZeroReason::kIgnored});
  std::vector<Tally::Row> rows = sample.rows();
  rows[0].cost.macs = 59'006'976;
  rows[0].cost.flops = 118'013'952;
  Tally::Row relu;
  relu.module = 6;
  relu.op = 7;
  relu.cost.calls = 1;
  relu.cost.flops = 4'096;
  relu.cost.bytes_read = 16'384;
  relu.cost.bytes_written = 16'384;
  rows.push_back(relu);
  return Tally(std::move(modules), std::move(operators), std::move(rows), sample.frames());
}

const ModuleChange* find(const TallyDiff& change, const std::string& name) {
  for (const ModuleChange& module : change.modules) {
    if (module.name_after == name || (!module.name_after && module.name_before == name)) return &module;
  }
  return nullptr;
}

TEST(Diff, OfATallyWithItselfIsEmpty) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const TallyDiff same = diff(random_tally(seed), random_tally(seed));
    EXPECT_TRUE(same.is_same());
    EXPECT_EQ(same.largest_relative_change(), 0);
    EXPECT_EQ(same.modules.size(), random_tally(seed).modules().size());
    EXPECT_NE(to_text(same).find("No module and no operator has changed."), std::string::npos);
  }
}

TEST(Diff, FindsWhatChangedAndWhatWasRenamed) {
  const TallyDiff change = diff(sample_tally(), changed_sample());
  EXPECT_FALSE(change.is_same());
  EXPECT_EQ(find(change, "trunk")->name_before, "backbone");
  EXPECT_EQ(find(change, "trunk.body.0")->name_before, "backbone.body.0");
  EXPECT_EQ(find(change, "trunk.body.größe <b>")->name_before, "backbone.body.größe <b>");
  EXPECT_TRUE(find(change, "trunk")->is_renamed());
  EXPECT_EQ(find(change, "neck")->name_before, std::nullopt);
  EXPECT_EQ(find(change, "spare")->name_after, std::nullopt);
  EXPECT_TRUE(find(change, "head")->is_same());
  EXPECT_EQ(find(change, "stem")->before.flops - find(change, "stem")->after.flops, 118'013'952);
  // Half of the stem's 118,013,952 MACs of 239,028,446.
  EXPECT_NEAR(change.largest_relative_change(), 59'006'976.0 / 239'028'446, 1e-9);
}

TEST(Diff, IsAlsoByPhaseAndDType) {
  const TallyDiff change = diff(sample_tally(), changed_sample());
  ASSERT_EQ(change.phases.size(), kPhases.size());
  EXPECT_EQ(change.phases[0].name, "forward");
  EXPECT_EQ(change.phases[0].before.macs - change.phases[0].after.macs, 59'006'976);
  EXPECT_TRUE(change.phases[1].is_same()) << "backward";
  ASSERT_EQ(change.dtypes.size(), 3U);
  EXPECT_EQ(change.dtypes[0].name, "bfloat16");
  EXPECT_TRUE(change.dtypes[0].is_same());
  EXPECT_EQ(change.dtypes[1].before.macs - change.dtypes[1].after.macs, 59'006'976) << "float32";
}

TEST(Diff, IsByCallerIfAskedTo) {
  const TallyDiff by_owner = diff(Tally(), sample_tally());
  const TallyDiff by_caller = diff(Tally(), sample_tally(), Ancestors::kCaller);
  // "head" has 192 MACs; half of them it was called for by "backbone.body".
  EXPECT_EQ(find(by_owner, "head")->after.macs, 192);
  EXPECT_EQ(find(by_caller, "head")->after.macs, 192);
  EXPECT_EQ(find(by_caller, "backbone")->after.macs - find(by_owner, "backbone")->after.macs, 96);
}

TEST(Diff, MatchesARenamedModuleWhoseCostChangedToo) {
  std::vector<ModuleInfo> modules(3);
  for (int i = 1; i < 3; ++i) {
    modules[i].parent = 0;
    modules[i].type = i == 1 ? "Linear" : "Conv2d";
  }
  modules[1].name = "fc";
  modules[2].name = "conv";
  Tally::Row row;
  row.module = 1;
  row.cost.flops = 10;
  const Tally before(modules, {{"aten::addmm", "", VerdictKind::kCounted, ZeroReason::kIgnored}}, {row});
  modules[1].name = "head";
  row.cost.flops = 20;
  const Tally after(modules, before.operators(), {row});
  EXPECT_EQ(find(diff(before, after), "head")->name_before, "fc");
}

TEST(Diff, DoesNotGuessAmongSeveralThatAreAlike) {
  std::vector<ModuleInfo> modules(3);
  for (int i = 1; i < 3; ++i) {
    modules[i].parent = 0;
    modules[i].type = "Linear";
    modules[i].parameters.total = i;
    modules[i].name = "old" + std::to_string(i);
  }
  const Tally before(modules, {}, {});
  for (int i = 1; i < 3; ++i) {
    modules[i].name = "new" + std::to_string(i);
    modules[i].parameters.total = 10 * i;
  }
  const TallyDiff change = diff(before, Tally(modules, {}, {}));
  EXPECT_EQ(find(change, "new1")->name_before, std::nullopt);
  EXPECT_EQ(find(change, "old1")->name_after, std::nullopt);
}

TEST(Diff, SaysInfiniteWhereThereWasNothing) {
  EXPECT_EQ(diff(Tally(), sample_tally()).largest_relative_change(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(diff(sample_tally(), Tally()).largest_relative_change(), 1);
}

TEST(Diff, BackIsTheOppositeOfThere) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const TallyDiff there = diff(random_tally(seed), random_tally(seed + 100));
    const TallyDiff back = diff(random_tally(seed + 100), random_tally(seed));
    EXPECT_EQ(there.before, back.after);
    EXPECT_EQ(there.operators.size(), back.operators.size());
    std::size_t before = 0;
    std::size_t after = 0;
    for (const ModuleChange& module : there.modules) {
      before += module.name_before ? 1 : 0;
      after += module.name_after ? 1 : 0;
    }
    EXPECT_EQ(before, random_tally(seed).modules().size()) << "every module once";
    EXPECT_EQ(after, random_tally(seed + 100).modules().size()) << "every module once";
  }
}

TEST(Diff, Golden) {
  const TallyDiff change = diff(sample_tally(), changed_sample());
  expect_golden(to_text(change), "diff.txt");
  DiffOptions options;
  options.top = 2;
  options.width = 80;
  options.colour = true;
  expect_golden(to_text(change, options), "diff_top_narrow_colour.txt");
  expect_golden(to_markdown(change), "diff.md");
  expect_golden(to_json(change), "diff.json");
  EXPECT_EQ(nlohmann::json::parse(to_json(change))["schema"], "torchtally.diff/1");
  EXPECT_EQ(nlohmann::json::parse(to_json(diff(Tally(), Tally())))["same"], true);
}

}  // namespace
}  // namespace torchtally
