#include "torchtally/html_report.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "golden.h"
#include "random_tally.h"
#include "sample_tally.h"

namespace torchtally {
namespace {

using Json = nlohmann::json;
using testing::random_tally;
using testing::sample_tally;

// What is embedded in the page.
Json data_of(const std::string& html) {
  constexpr std::string_view kBegin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t begin = html.find(kBegin) + kBegin.size();
  return Json::parse(html.substr(begin, html.find("</script>", begin) - begin));
}

TEST(ToHtml, EmbedsFiguresThatAddUp) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const Tally tally = random_tally(seed);
    const Json data = data_of(to_html(tally));
    ASSERT_EQ(data["modules"].size(), tally.modules().size());
    std::int64_t pairs = 0;
    std::int64_t operators = 0;
    std::int64_t phases = 0;
    constexpr std::size_t kFlops = 1;  // among the counters
    for (const Json& pair : data["pairs"]) pairs += pair[2 + kFlops].get<std::int64_t>();
    for (const Json& op : data["byOperator"]) operators += op[1 + kFlops].get<std::int64_t>();
    for (const Json& phase : data["byPhase"]) phases += phase[1 + kFlops].get<std::int64_t>();
    EXPECT_EQ(pairs, std::int64_t{tally.total().flops});
    EXPECT_EQ(operators, std::int64_t{tally.total().flops});
    EXPECT_EQ(phases, std::int64_t{tally.total().flops});
  }
}

TEST(ToHtml, AddsUpTheSmallestPairsOfALargeTally) {
  testing::Sizes sizes;
  sizes.modules = 2'000;
  sizes.operators = 200;
  sizes.rows = 200'000;
  const Tally tally = random_tally(1, sizes);
  const std::string html = to_html(tally);
  EXPECT_LT(html.size(), 10'000'000U);
  const Json data = data_of(html);
  std::int64_t flops = 0;
  bool has_others = false;
  for (const Json& pair : data["pairs"]) {
    flops += pair[3].get<std::int64_t>();
    has_others = has_others || pair[1] == data["operators"].size();
  }
  EXPECT_TRUE(has_others);
  EXPECT_EQ(flops, std::int64_t{tally.total().flops});
}

TEST(ToHtml, EmbedsTimesThatAddUp) {
  const Tally tally = sample_tally();
  CallTimes times;
  constexpr std::int64_t kNanoseconds = 1'000;
  for (const Tally::Row& row : tally.rows()) {
    CallRecord record;
    record.op = tally.operators()[row.op].name;
    record.module = tally.modules()[row.module].name;
    record.phase = row.phase;
    record.dtype = row.dtype;
    record.verdict = tally.operators()[row.op].verdict;
    record.cost = row.cost;
    record.end = record.begin + std::chrono::nanoseconds(kNanoseconds);
    times.on_call(record);
  }
  HtmlOptions options;
  options.times = &times;
  const Json data = data_of(to_html(tally, options));
  for (const char* const field : {"pairs", "byOperator", "byPhase", "byDtype"}) {
    std::int64_t sum = 0;
    for (const Json& entry : data[field]) sum += entry.back().get<std::int64_t>();
    EXPECT_EQ(sum, 9 * kNanoseconds) << field << ": ten rows, of which one is of an operator without a verdict";
  }
}

TEST(ToHtml, EscapesEverythingThatItIsGiven) {
  ModuleInfo module;
  module.type = "</script><script>alert(1)</script><!--";
  HtmlOptions options;
  options.title = "<b>&\"{{data}}";
  options.torch_version = "\"</script>";
  const std::string html = to_html(Tally({module}, {}, {}), options);
  EXPECT_EQ(html.find("alert(1)</script>"), std::string::npos);
  EXPECT_EQ(html.find("<!--"), std::string::npos);
  EXPECT_NE(html.find("<h1>&lt;b&gt;&amp;&quot;{{data}}</h1>"), std::string::npos) << "what is put in is not looked at again";
  EXPECT_EQ(data_of(html)["modules"][0][1], module.type);
  EXPECT_EQ(data_of(html)["torchVersion"], options.torch_version);
}

TEST(ToHtml, IsOneFileThatAsksNobody) {
  const std::string html = to_html(sample_tally());
  EXPECT_EQ(html.find("src="), std::string::npos);
  EXPECT_EQ(html.find("url("), std::string::npos);
  EXPECT_EQ(html.find("@import"), std::string::npos);
  std::string without_namespace = html;
  const std::string svg = "http://www.w3.org/2000/svg";
  without_namespace.erase(without_namespace.find(svg), svg.size());
  EXPECT_EQ(without_namespace.find("http"), html.find("http-equiv")) << "the only one";
  EXPECT_NE(html.find("default-src 'none'"), std::string::npos);
}

TEST(ToHtml, HasABlockForEachWayInWhichAModuleWasCalled) {
  HtmlOptions options;
  options.ancestors = Ancestors::kCaller;
  const Tally tally = sample_tally();
  const Json data = data_of(to_html(tally, options));
  std::map<std::string, std::int64_t> macs;  // directly in the block
  for (const Json& pair : data["pairs"]) macs[data["modules"][pair[0].get<int>()][0]] += pair[2].get<std::int64_t>();
  EXPECT_EQ(macs["head"], 96);
  EXPECT_EQ(macs["backbone.body.(head)"], 96);
  std::int64_t sum = 0;
  for (const auto& [name, count] : macs) sum += count;
  EXPECT_EQ(sum, std::int64_t{tally.total().macs});
  EXPECT_EQ(data["modules"].size(), tally.modules().size() + 1) << "also the one that was not called";
  const CallTimes times;
  options.times = &times;
  EXPECT_THROW(to_html(tally, options), std::invalid_argument);
}

TEST(ToHtmlTable, Golden) {
  ReportOptions options;
  options.top = 6;
  testing::expect_golden(to_html_table(sample_tally(), options), "fragment.html");
}

TEST(ToHtml, Golden) {
  HtmlOptions options;
  options.title = "Sample";
  options.torch_version = "2.13.0";
  options.peak_flops = 1e9;
  options.bandwidth = 1e7;
  // The page around the data is its own source; what is made of the tally is what can go wrong.
  testing::expect_golden(data_of(to_html(sample_tally(), options)).dump(1) + "\n", "html_data.json");
}

}  // namespace
}  // namespace torchtally
