// Every format of the sample, against files; and what holds for any tally.
#include <gtest/gtest.h>

#include <sstream>

#include "golden.h"
#include "random_tally.h"
#include "report/utf8.h"
#include "sample_tally.h"
#include "torchtally/report.h"

namespace torchtally {
namespace {

using testing::expect_golden;
using testing::random_tally;
using testing::sample_tally;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

ReportOptions by(std::vector<GroupBy> groups) {
  ReportOptions options;
  options.by = std::move(groups);
  return options;
}

TEST(Golden, Table) { expect_golden(to_table(sample_tally()), "table.txt"); }

TEST(Golden, TableOfAllColumns) {
  ReportOptions options;
  options.columns.assign(kColumns.begin(), kColumns.end());
  options.fold = false;
  expect_golden(to_table(sample_tally(), options), "table_all_columns.txt");
}

TEST(Golden, TableThatIsNarrowAndColoured) {
  ReportOptions options;
  options.width = 60;
  options.colour = true;
  expect_golden(to_table(sample_tally(), options), "table_narrow_colour.txt");
}

TEST(Golden, TableByOperator) { expect_golden(to_table(sample_tally(), by({GroupBy::kOperator})), "table_by_operator.txt"); }
TEST(Golden, TableByPhase) { expect_golden(to_table(sample_tally(), by({GroupBy::kPhase})), "table_by_phase.txt"); }
TEST(Golden, TableByDType) { expect_golden(to_table(sample_tally(), by({GroupBy::kDType})), "table_by_dtype.txt"); }

TEST(Golden, TableByModuleAndOperator) {
  ReportOptions options = by({GroupBy::kModule, GroupBy::kOperator});
  options.depth = 1;
  options.top = 5;
  options.sort = Column::kBytes;
  expect_golden(to_table(sample_tally(), options), "table_by_module_operator.txt");
}

TEST(Golden, Tree) { expect_golden(to_tree(sample_tally()), "tree.txt"); }

TEST(Golden, TreeOfAllColumns) {
  ReportOptions options;
  options.columns.assign(kColumns.begin(), kColumns.end());
  expect_golden(to_tree(sample_tally(), options), "tree_all_columns.txt");
}

TEST(Golden, TreeThatIsSortedAndCut) {
  ReportOptions options;
  options.sort = Column::kFlops;
  options.top = 2;
  expect_golden(to_tree(sample_tally(), options), "tree_top.txt");
}

TEST(Golden, ByCaller) {
  ReportOptions options;
  options.ancestors = Ancestors::kCaller;
  options.columns = {Column::kMacs, Column::kDType, Column::kPhase};
  expect_golden(to_table(sample_tally(), options), "table_by_caller.txt");
  expect_golden(to_tree(sample_tally(), options), "tree_by_caller.txt");
  expect_golden(to_folded(sample_tally(), Column::kMacs, Ancestors::kCaller), "macs_by_caller.folded");
}

TEST(Golden, Json) { expect_golden(to_json(sample_tally(), "2.13.0"), "report.json"); }
TEST(Golden, Csv) { expect_golden(to_csv(sample_tally()), "modules.csv"); }
TEST(Golden, CsvByEverything) {
  expect_golden(to_csv(sample_tally(), by({GroupBy::kModule, GroupBy::kOperator, GroupBy::kPhase, GroupBy::kDType})), "rows.csv");
}
TEST(Golden, Markdown) { expect_golden(to_markdown(sample_tally()), "table.md"); }
TEST(Golden, Folded) { expect_golden(to_folded(sample_tally()), "flops.folded"); }

TEST(ToTable, SharesARowBetweenAWrapperAndWhatItWraps) {
  EXPECT_EQ(to_table(sample_tally()).find("backbone  "), std::string::npos);
  EXPECT_NE(to_table(sample_tally()).find("Wrapper > Sequential"), std::string::npos);
  ReportOptions options;
  options.depth = 1;
  EXPECT_NE(to_table(sample_tally(), options).find("backbone.body"), std::string::npos) << "a chain is one level";
  options.fold = false;
  EXPECT_EQ(to_table(sample_tally(), options).find("backbone.body"), std::string::npos);
}

TEST(ToTable, IsNeverWiderThanAskedFor) {
  for (int width = 1; width < 120; width += 7) {
    ReportOptions options;
    options.width = width;
    options.columns.assign(kColumns.begin(), kColumns.end());
    const auto lines = lines_of(to_table(random_tally(3), options));
    for (std::size_t i = 0; i < 41; ++i) EXPECT_LE(report::width_of(lines[i]), static_cast<std::size_t>(width)) << lines[i];
  }
}

TEST(ToTable, SortsAndCuts) {
  ReportOptions options;
  options.sort = Column::kIntensity;
  options.top = 2;
  const auto lines = lines_of(to_table(sample_tally(), options));
  EXPECT_EQ(lines[1].rfind("stem", 0), 0U) << lines[1];
  EXPECT_EQ(lines[2].rfind("(root)", 0), 0U) << lines[2];
  EXPECT_EQ(lines[3], "and 5 more");
}

TEST(ToTable, RefusesWhatMakesNoSense) {
  ReportOptions options;
  options.sort = Column::kType;
  EXPECT_THROW(to_table(sample_tally(), options), std::invalid_argument);
  EXPECT_THROW(to_table(sample_tally(), by({})), std::invalid_argument);
  EXPECT_THROW(to_folded(Tally(), Column::kShare), std::invalid_argument);
}

// "head" is called by the root and, under the name "tail", by "backbone.body".
TEST(ToFolded, HasAStackForEachWayInWhichAModuleWasCalled) {
  const std::string folded = to_folded(sample_tally(), Column::kMacs, Ancestors::kCaller);
  EXPECT_NE(folded.find("Net;head;aten::addmm 96\n"), std::string::npos) << folded;
  EXPECT_NE(folded.find("Net;backbone;body;(head);aten::addmm 96\n"), std::string::npos) << folded;
  EXPECT_NE(to_folded(sample_tally(), Column::kMacs).find("Net;head;aten::addmm 192\n"), std::string::npos);
}

TEST(Options, NamesAreReadBack) {
  for (const Column column : kColumns) EXPECT_EQ(column_from_name(column_name(column)), column);
  for (const GroupBy group : kGroupings) EXPECT_EQ(group_from_name(group_name(group)), group);
  EXPECT_EQ(column_from_name("flop"), std::nullopt);
  EXPECT_EQ(group_from_name(""), std::nullopt);
}

// The last columns of CSV rows, added up; the keys before them may hold anything.
std::vector<std::int64_t> sums_of(const std::string& csv, std::size_t columns) {
  std::vector<std::int64_t> sums(columns);
  const auto lines = lines_of(csv);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::size_t end = lines[i].size() - 1;  // the carriage return
    for (std::size_t column = columns; column-- > 0;) {
      const std::size_t comma = lines[i].rfind(',', end - 1);
      sums[column] += std::stoll(lines[i].substr(comma + 1, end - comma - 1));
      end = comma;
    }
  }
  return sums;
}

TEST(AnyTally, RowsOfAPartitionAddUpToTheTotal) {
  const std::vector<std::vector<GroupBy>> partitions = {{GroupBy::kOperator},
                                                        {GroupBy::kPhase},
                                                        {GroupBy::kDType},
                                                        {GroupBy::kModule, GroupBy::kOperator},
                                                        {GroupBy::kDType, GroupBy::kModule},
                                                        {GroupBy::kModule, GroupBy::kOperator, GroupBy::kPhase, GroupBy::kDType}};
  for (unsigned seed = 0; seed < 10; ++seed) {
    const Tally tally = random_tally(seed);
    const Cost total = tally.total();
    for (const auto& partition : partitions) {
      ReportOptions options = by(partition);
      options.depth = static_cast<int>(seed) - 1;
      options.columns = {Column::kCalls, Column::kMacs, Column::kFlops, Column::kBytes, Column::kActivations};
      EXPECT_EQ(sums_of(to_csv(tally, options), options.columns.size()),
                (std::vector<std::int64_t>{total.calls, total.macs, total.flops, total.bytes(), total.activations}));
    }
  }
}

TEST(AnyTally, FoldedStacksAddUpToTheTotal) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const Tally tally = random_tally(seed);
    for (const Ancestors ancestors : {Ancestors::kOwner, Ancestors::kCaller}) {
      std::int64_t sum = 0;
      for (const std::string& line : lines_of(to_folded(tally, Column::kBytes, ancestors))) {
        sum += std::stoll(line.substr(line.rfind(' ')));
      }
      EXPECT_EQ(sum, std::int64_t{tally.total().bytes()});
    }
  }
}

TEST(AnyTally, RowsByModuleHaveWhatTheTallySays) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const Tally tally = random_tally(seed);
    for (const Ancestors ancestors : {Ancestors::kOwner, Ancestors::kCaller}) {
      ReportOptions options;
      options.ancestors = ancestors;
      options.columns = {Column::kMacs};
      const auto by_module = tally.by_module(ancestors);
      std::int64_t expected = 0;
      for (const auto& [name, cost] : by_module) expected += cost.macs;
      EXPECT_EQ(sums_of(to_csv(tally, options), 1), std::vector<std::int64_t>{expected});
      options.depth = 0;
      EXPECT_EQ(sums_of(to_csv(tally, options), 1), std::vector<std::int64_t>{by_module.at("").macs});
    }
  }
}

// What is deeper than the depth counts for the module at that depth: of the stack, if it is by caller.
TEST(AnyTally, RowsByCallerAddUpToTheTotalAtAnyDepth) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const Tally tally = random_tally(seed);
    for (int depth = -1; depth < 3; ++depth) {
      ReportOptions options = by({GroupBy::kModule, GroupBy::kPhase});
      options.ancestors = Ancestors::kCaller;
      options.depth = depth;
      options.columns = {Column::kMacs};
      EXPECT_EQ(sums_of(to_csv(tally, options), 1), std::vector<std::int64_t>{tally.total().macs});
    }
  }
}

TEST(AnyTally, EveryModuleHasALineInTheTree) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const Tally tally = random_tally(seed);
    const std::string tree = to_tree(tally);
    std::size_t lines = 0;
    for (const std::string& line : lines_of(tree)) lines += line.find(" MACs") != std::string::npos ? 1 : 0;
    EXPECT_EQ(lines, tally.modules().size());
  }
}

TEST(Utf8, ShortensByCharacters) {
  EXPECT_EQ(report::width_of("größe"), 5U);
  EXPECT_EQ(report::cut("größe", 5), "größe");
  EXPECT_EQ(report::cut("größe", 4), "grö…");
  EXPECT_EQ(report::shorten("layer1.0.conv1", 9), "laye…onv1");
  EXPECT_EQ(report::shorten("größe.größe", 6), "gr…öße");
  EXPECT_EQ(report::shorten("größe", 1), "…");
  EXPECT_EQ(report::cut("größe", 0), "");
}

}  // namespace
}  // namespace torchtally
