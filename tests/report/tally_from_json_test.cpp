#include "torchtally/tally_from_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "random_tally.h"
#include "torchtally/report.h"

namespace torchtally {
namespace {

using testing::random_tally;

TEST(TallyFromJson, MakesTheSameTallyAgain) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::string json = to_json(random_tally(seed), "2.13.0");
    std::string version;
    const Tally tally = tally_from_json(json, &version);
    EXPECT_EQ(to_json(tally, version), json) << seed;
    EXPECT_EQ(tally.by_module(Ancestors::kCaller), random_tally(seed).by_module(Ancestors::kCaller)) << seed;
  }
}

TEST(TallyFromJson, MakesTheEmptyTallyAgain) {
  std::string version = "not asked";
  EXPECT_EQ(to_json(tally_from_json(to_json(Tally()), &version)), to_json(Tally()));
  EXPECT_EQ(version, "");
}

TEST(TallyFromJson, KeepsASaturatedCounter) {
  Tally::Row row;
  row.cost.flops = Count::kMax;
  const Tally tally({ModuleInfo{}}, {OperatorInfo{}}, {row});
  EXPECT_TRUE(tally_from_json(to_json(tally)).saturated());
}

TEST(TallyFromJson, SumsOfTheJsonAreThoseOfTheTally) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    const Tally tally = random_tally(seed);
    const auto json = nlohmann::json::parse(to_json(tally));
    for (const auto& [module, operators] : tally.by_module_and_operator()) {
      const auto& listed = json["by_module_and_operator"][module];
      ASSERT_EQ(listed.size(), operators.size()) << module;
      for (const auto& [op, cost] : operators) {
        EXPECT_EQ(listed[op]["flops"], std::int64_t{cost.flops}) << module << " " << op;
        EXPECT_EQ(listed[op]["bytes_communicated"], std::int64_t{cost.bytes_communicated}) << module << " " << op;
      }
    }
  }
}

// What to_json() wrote, with the value at `pointer` replaced.
std::string changed(const char* pointer, const nlohmann::json& value) {
  auto json = nlohmann::json::parse(to_json(random_tally(1)));
  json[nlohmann::json::json_pointer(pointer)] = value;
  return json.dump();
}

std::string complaint_about(const std::string& json) {
  try {
    tally_from_json(json);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "none";
}

TEST(TallyFromJson, SaysWhatIsWrong) {
  using ::testing::HasSubstr;
  const std::string whole = to_json(random_tally(1));
  EXPECT_THAT(complaint_about(""), HasSubstr("parse error"));
  EXPECT_THAT(complaint_about(whole.substr(0, whole.size() / 2)), HasSubstr("parse error"));
  EXPECT_THAT(complaint_about("[]"), HasSubstr("torchtally/1"));
  EXPECT_THAT(complaint_about("{}"), HasSubstr("\"schema\" is missing"));
  EXPECT_THAT(complaint_about(changed("/schema", "torchtally/9")), HasSubstr("torchtally/1"));
  EXPECT_THAT(complaint_about(R"({"schema": "torchtally/1", "torch_version": null})"), HasSubstr("\"modules\" is missing"));
  EXPECT_THAT(complaint_about(changed("/modules/3/parent", "nowhere")), HasSubstr("does not stand before it"));
  EXPECT_THAT(complaint_about(changed("/modules/3/name", "")), HasSubstr("two modules are called ''"));
  EXPECT_THAT(complaint_about(changed("/operators/0/verdict", "perhaps")), HasSubstr("no verdict 'perhaps'"));
  EXPECT_THAT(complaint_about(changed("/rows/0/0", 1'000'000)), HasSubstr("points outside"));
  EXPECT_THAT(complaint_about(changed("/rows/0/0", -7)), HasSubstr("-7 is no index"));
  EXPECT_THAT(complaint_about(changed("/rows/0/2", "float31")), HasSubstr("no dtype \"float31\""));
  EXPECT_THAT(complaint_about(changed("/rows/0/2", 7)), HasSubstr("7 is no text"));
  EXPECT_THAT(complaint_about(changed("/rows/0/3", "backwards")), HasSubstr("no phase \"backwards\""));
  EXPECT_THAT(complaint_about(changed("/rows/0/5", -1)), HasSubstr("-1 is no count"));
  EXPECT_THAT(complaint_about(changed("/rows/0/5", 0.5)), HasSubstr("0.5 is no integer"));
  EXPECT_THAT(complaint_about(changed("/rows/0/5", std::uint64_t{1} << 63U)), HasSubstr("no integer of 64 bits"));
  EXPECT_THAT(complaint_about(changed("/rows/0", {1, 2})), HasSubstr("a row has 14 values"));
}

}  // namespace
}  // namespace torchtally
