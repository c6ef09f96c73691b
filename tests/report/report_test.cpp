#include "torchtally/report.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>

namespace torchtally {
namespace {

using Json = nlohmann::ordered_json;

Cost cost_of(std::int64_t calls, std::int64_t macs, std::int64_t other_flops, std::int64_t activations) {
  Cost cost;
  cost.calls = calls;
  cost.add_macs(macs);
  cost.flops += other_flops;
  cost.transcendentals = calls * 10;
  cost.bytes_read = activations * 8;
  cost.bytes_written = activations * 4;
  cost.activations = activations;
  return cost;
}

ModuleInfo module_info(std::string name, std::string type, int parent, std::int64_t parameters, bool called = true) {
  ModuleInfo info;
  info.name = std::move(name);
  info.type = std::move(type);
  info.parent = parent;
  info.parameters = {parameters, parameters / 2};
  info.registered = true;
  info.called = called;
  return info;
}

// Net { stem: Conv2d, body: Sequential { 0: Linear, tail: head once more }, head: Linear, spare: Linear, never called }, and a
// scope "body.extra" that the user opened by name, so that it comes last in the tally.
Tally net() {
  std::vector<ModuleInfo> modules = {module_info("", "Net", -1, 2'503'000),
                                     module_info("stem", "Conv2d", 0, 9'408),
                                     module_info("body", "Sequential", 0, 2'360'000),
                                     module_info("body.0", "Linear", 2, 2'359'808),
                                     module_info("head", "Linear", 0, 192),
                                     module_info("spare", "Linear", 0, 133'400, false),
                                     module_info("body.extra", "", 2, 0)};
  modules[4].aliases = {"body.tail"};
  modules[6].registered = false;
  std::vector<OperatorInfo> operators = {{"aten::convolution", "", VerdictKind::kCounted, ZeroReason::kIgnored},
                                         {"aten::addmm", "", VerdictKind::kCounted, ZeroReason::kIgnored},
                                         {"aten::view", "", VerdictKind::kZero, ZeroReason::kView},
                                         {"mylib::mystery", "", VerdictKind::kUnknown, ZeroReason::kIgnored}};
  std::vector<Tally::Row> rows = {{1, 0, cost_of(1, 118'013'952, 0, 802'816)},
                                  {3, 1, cost_of(2, 999'950, 312, 4'096)},
                                  {4, 1, cost_of(1, 96, 6, 6)},
                                  {0, 2, cost_of(3, 0, 0, 0)},
                                  {6, 3, cost_of(12, 0, 0, 0)},
                                  {6, 0, cost_of(1, 500, 0, 50)}};
  return Tally(std::move(modules), std::move(operators), std::move(rows));
}

Tally saturated() {
  std::vector<ModuleInfo> modules = {module_info("", "Net", -1, 10), module_info("big", "Linear", 0, 10)};
  std::vector<OperatorInfo> operators = {{"aten::mm", "", VerdictKind::kCounted, ZeroReason::kIgnored}};
  std::vector<Tally::Row> rows = {{1, 0, cost_of(1, std::int64_t{5'000'000'000'000'000'000}, 0, 1)}};
  return Tally(std::move(modules), std::move(operators), std::move(rows));
}

TEST(HumanCount, KeepsFourSignificantDigits) {
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(312), "312");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(1'000), "1.000 k");
  EXPECT_EQ(human_count(1'250), "1.250 k");
  EXPECT_EQ(human_count(12'345), "12.35 k");
  EXPECT_EQ(human_count(123'449), "123.4 k");
  EXPECT_EQ(human_count(4'089'184'256), "4.089 G");
  EXPECT_EQ(human_count(1'000'000'000'000), "1.000 T");
  EXPECT_EQ(human_count(22'040'000'000'000'000), "22.04 P");
}

TEST(HumanCount, RoundsIntoTheNextDigitAndPrefix) {
  EXPECT_EQ(human_count(9'999), "9.999 k");
  EXPECT_EQ(human_count(9'999'499), "9.999 M");
  EXPECT_EQ(human_count(9'999'500), "10.00 M");
  EXPECT_EQ(human_count(99'995), "100.0 k");
  EXPECT_EQ(human_count(999'949), "999.9 k");
  EXPECT_EQ(human_count(999'950), "1.000 M");
}

TEST(HumanCount, ReachesTheEndOfTheRange) {
  EXPECT_EQ(human_count(Count::kMax - 1), "9.223 E");
  EXPECT_EQ(human_count(Count::kMax), ">= 9.223 E");
}

TEST(ToTable, AlignsAndNamesWhatIsNotCovered) {
  EXPECT_EQ(to_table(net()),
            "Module      Type        Parameters     MACs    FLOPs  Activations\n"
            "(root)      Net            2.503 M  119.0 M  238.0 M      807.0 k\n"
            "stem        Conv2d         9.408 k  118.0 M  236.0 M      802.8 k\n"
            "body        Sequential     2.360 M  1.000 M  2.001 M      4.146 k\n"
            "body.0      Linear         2.360 M  1.000 M  2.000 M      4.096 k\n"
            "body.extra                       0      500  1.000 k           50\n"
            "head        Linear             192       96      198            6\n"
            "spare       Linear         133.4 k        0        0            0\n"
            "\n"
            "Unknown operators: their own cost is not in the figures above, only what they called inside.\n"
            "  mylib::mystery  12  calls\n"
            "1 module not called: spare\n");
}

TEST(ToTable, StopsAtTheDepthAskedFor) {
  ReportOptions options;
  options.depth = 1;
  const std::string table = to_table(net(), options);
  EXPECT_NE(table.find("body "), std::string::npos);
  EXPECT_EQ(table.find("body.0"), std::string::npos);
  EXPECT_NE(table.find("mylib::mystery"), std::string::npos) << "depth cuts rows, not what is not covered";
  options.depth = 0;
  EXPECT_EQ(to_table(net(), options)
                .rfind("Module  Type  Parameters     MACs    FLOPs  Activations\n"
                       "(root)  Net      2.503 M  119.0 M  238.0 M      807.0 k\n\n",
                       0),
            0U);
}

TEST(ToTable, SaysZeroForAnEmptyTally) {
  EXPECT_EQ(to_table(Tally()),
            "Module  Type  Parameters  MACs  FLOPs  Activations\n"
            "(root)                 0     0      0            0\n");
}

TEST(ToTable, SaysAtLeastWhenACounterLeft64Bits) {
  EXPECT_EQ(to_table(saturated()),
            "Module        Type          Parameters     MACs       FLOPs  Activations\n"
            "(root) > big  Net > Linear          10  5.000 E  >= 9.223 E            1\n"
            "\n"
            "A counter left the range of 64 bits: figures with >= say \"at least\".\n");
}

TEST(ToTable, NamesTheFirstUncalledModulesAndCountsTheRest) {
  std::vector<ModuleInfo> modules = {module_info("", "Net", -1, 0)};
  for (int i = 0; i < 7; ++i) modules.push_back(module_info("m" + std::to_string(i), "Linear", 0, 0, false));
  const std::string table = to_table(Tally(std::move(modules), {}, {}));
  EXPECT_NE(table.find("\n7 modules not called: m0, m1, m2, m3, m4 and 2 more\n"), std::string::npos) << table;
}

// Neither shows operators, and what a formula says of a module looks like what was counted in it.
TEST(ToTable, AndToTreeNameTheModulesThatFormulasCount) {
  const auto op = [](std::string name) { return OperatorInfo{std::move(name), "", VerdictKind::kCounted, ZeroReason::kIgnored}; };
  const Tally tally({module_info("", "Net", -1, 0), module_info("fc", "Linear", 0, 0)},
                    {op("aten::relu"), op("torchtally::module(Linear, replaced)"), op("torchtally::module(head)")},
                    {{0, 0, cost_of(1, 0, 4, 4)}, {1, 1, cost_of(2, 10, 0, 0)}, {1, 2, cost_of(1, 5, 0, 0)}});
  const std::string note = "\n\nCounted by formulas of modules: Linear (replaced), head\n";
  EXPECT_NE(to_table(tally).find(note), std::string::npos) << to_table(tally);
  EXPECT_NE(to_tree(tally).find(note), std::string::npos) << to_tree(tally);
}

TEST(ToTable, AlignsNamesByCharactersNotBytes) {
  const Tally tally({module_info("", "Net", -1, 2), module_info("größe", "Linear", 0, 1)}, {}, {});
  EXPECT_EQ(to_table(tally),
            "Module  Type    Parameters  MACs  FLOPs  Activations\n"
            "(root)  Net              2     0      0            0\n"
            "größe   Linear           1     0      0            0\n");
}

TEST(ToTree, ShowsTheHierarchyWithCostsSharedAndUncalledModules) {
  EXPECT_EQ(to_tree(net()),
            "Net                 2.503 M params  119.0 M MACs  238.0 M FLOPs  807.0 k activations\n"
            "  stem: Conv2d      9.408 k params  118.0 M MACs  236.0 M FLOPs  802.8 k activations\n"
            "  body: Sequential  2.360 M params  1.000 M MACs  2.001 M FLOPs  4.146 k activations\n"
            "    0: Linear       2.360 M params  1.000 M MACs  2.000 M FLOPs  4.096 k activations\n"
            "    extra                 0 params      500 MACs  1.000 k FLOPs       50 activations  unknown: mylib::mystery\n"
            "    tail: Linear                                                                      shared, counted as head\n"
            "  head: Linear          192 params       96 MACs      198 FLOPs        6 activations\n"
            "  spare: Linear     133.4 k params        0 MACs        0 FLOPs        0 activations  not called\n"
            "\n"
            "Unknown operators: their own cost is not in the figures above, only what they called inside.\n"
            "  mylib::mystery  12  calls\n"
            "1 module not called: spare\n");
}

TEST(ToTree, StopsAtTheDepthAskedForWithAliasesToo) {
  ReportOptions options;
  options.depth = 1;
  const std::string tree = to_tree(net(), options);
  EXPECT_NE(tree.find("\n  body: Sequential"), std::string::npos);
  EXPECT_EQ(tree.find("\n    "), std::string::npos) << "a line of the second level";
  EXPECT_EQ(tree.find("tail"), std::string::npos);
}

TEST(ToTree, PutsAnAliasOfTheRootsLastChildAtTheEnd) {
  std::vector<ModuleInfo> modules = {module_info("", "Net", -1, 4), module_info("a", "Linear", 0, 4)};
  modules[1].aliases = {"b"};
  EXPECT_EQ(to_tree(Tally(std::move(modules), {}, {})),
            "Net          4 params  0 MACs  0 FLOPs  0 activations\n"
            "  a: Linear  4 params  0 MACs  0 FLOPs  0 activations\n"
            "  b: Linear                                            shared, counted as a\n");
}

TEST(ToTree, NamesTheRootWithoutAModel) { EXPECT_EQ(to_tree(Tally()), "(root)  0 params  0 MACs  0 FLOPs  0 activations\n"); }

TEST(ToJson, HoldsExactIntegersThatAddUp) {
  const Tally tally = net();
  const Json json = Json::parse(to_json(tally, "2.13.0"));
  EXPECT_EQ(json["schema"], "torchtally/1");
  EXPECT_EQ(json["torch_version"], "2.13.0");
  EXPECT_EQ(json["saturated"], false);
  EXPECT_EQ(json["parameters"], (Json{{"total", 2'503'000}, {"trainable", 1'251'500}}));

  // macs: 118013952 + 999950 + 96 + 500; flops: twice that, + 312 + 6; calls: 1 + 2 + 1 + 3 + 12 + 1.
  const Json expected_totals = {{"macs", 119'014'498},         {"flops", 238'029'314},
                                {"matmul_flops", 238'028'996}, {"masked_macs", 0},
                                {"transcendentals", 200},      {"bytes_read", 6'455'744},
                                {"bytes_written", 3'227'872},  {"bytes_communicated", 0},
                                {"activations", 806'968},      {"calls", 20}};
  EXPECT_EQ(json["totals"], expected_totals);
  EXPECT_EQ(json["by_module"][""], expected_totals);

  for (const auto& [field, total] : expected_totals.items()) {
    std::int64_t sum = 0;
    for (const auto& [name, cost] : json["by_operator"].items()) sum += cost[field].get<std::int64_t>();
    EXPECT_EQ(sum, total.get<std::int64_t>()) << field;
    for (const auto& [name, operators] : json["by_module_and_operator"].items()) {
      std::int64_t in_module = 0;
      for (const auto& [op, cost] : operators.items()) in_module += cost[field].get<std::int64_t>();
      EXPECT_EQ(in_module, json["by_module"][name][field].get<std::int64_t>()) << name << " " << field;
    }
  }
}

TEST(ToJson, KeepsDefinitionOrderAndListsWhatIsNotCovered) {
  const Json json = Json::parse(to_json(net()));
  std::vector<std::string> names;
  for (const auto& [name, cost] : json["by_module"].items()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"", "stem", "body", "body.0", "head", "spare", "body.extra"}));
  EXPECT_EQ(json["torch_version"], nullptr);
  EXPECT_EQ(json["unknown_operators"], (Json{{"mylib::mystery", 12}}));
  EXPECT_EQ(json["zero_operators"], (Json{{"aten::view", "view"}}));
  EXPECT_EQ(json["uncalled_modules"], Json::array({"spare"}));
  EXPECT_EQ(json["modules"][4], (Json{{"name", "head"},
                                      {"type", "Linear"},
                                      {"parent", ""},
                                      {"aliases", {"body.tail"}},
                                      {"parameters", {{"total", 192}, {"trainable", 96}}},
                                      {"registered", true},
                                      {"called", true},
                                      {"calls", 0},
                                      {"input_sizes", Json::array()},
                                      {"output_sizes", Json::array()}}));
  EXPECT_EQ(json["modules"][0]["parent"], nullptr);
}

TEST(ToJson, SaysThatACounterIsSaturated) {
  const Json json = Json::parse(to_json(saturated()));
  EXPECT_EQ(json["saturated"], true);
  EXPECT_EQ(json["totals"]["flops"], Count::kMax);
  EXPECT_EQ(json["totals"]["macs"], std::int64_t{5'000'000'000'000'000'000});
}

TEST(ToJson, HasEveryFieldForAnEmptyTally) {
  const Json json = Json::parse(to_json(Tally()));
  EXPECT_EQ(json["by_operator"], Json::object());
  EXPECT_EQ(json["unknown_operators"], Json::object());
  EXPECT_EQ(json["uncalled_modules"], Json::array());
  EXPECT_EQ(json["by_module"].size(), 1U);
  EXPECT_EQ(json["totals"]["calls"], 0);
}

TEST(ToJson, ReplacesANameThatIsNotUtf8) {
  const Tally tally({module_info("", "Net\xff", -1, 0)}, {}, {});
  EXPECT_EQ(Json::parse(to_json(tally))["modules"][0]["type"], "Net\xEF\xBF\xBD");
}

}  // namespace
}  // namespace torchtally
