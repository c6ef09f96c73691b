// TraceWriter and CallTimes, told of calls that nobody made.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "golden.h"
#include "torchtally/call_times.h"
#include "torchtally/trace_writer.h"

namespace torchtally {
namespace {

using Json = nlohmann::json;
using std::chrono::nanoseconds;

const std::chrono::steady_clock::time_point kStart{nanoseconds(1'000'000'000)};

CallRecord record_of(std::string_view op, std::string_view module, std::int64_t begin, std::int64_t end, std::int64_t macs = 0) {
  CallRecord record;
  record.op = op;
  record.module = module;
  record.verdict = VerdictKind::kCounted;
  record.cost.calls = 1;
  record.cost.add_macs(macs);
  record.cost.bytes_read = macs;
  record.dtype = DType::kFloat32;
  record.begin = kStart + nanoseconds(begin);
  record.end = kStart + nanoseconds(end);
  record.thread = 1;
  return record;
}

// A forward and a backward of two layers, and an operator without a verdict that calls another.
void tell(CallObserver& observer) {
  const std::vector<std::int64_t> sizes = {2, 3};
  const TensorView tensor(sizes.data(), nullptr, sizes.size(), DType::kFloat32, DeviceType::kCpu);
  const std::vector<Argument> arguments = {Argument(tensor), Argument(std::int64_t{1})};
  const OpSchema schema = {"aten::mm", "", {}};
  const OpCall call(schema, arguments, arguments);
  CallRecord mm = record_of("aten::mm", "body.0", 0, 2'000, 4'000'000);
  mm.call = &call;
  observer.on_call(mm);
  observer.on_call(record_of("aten::relu", "body.1", 2'500, 3'000));
  observer.on_call(record_of("aten::add", "head \"x\"", 4'000, 4'500, 100));
  CallRecord mystery = record_of("mylib::mystery", "head \"x\"", 3'900, 4'800);
  mystery.verdict = VerdictKind::kUnknown;
  observer.on_call(mystery);
  CallRecord backward = record_of("aten::mm", "body.0", 60'000, 64'001, 8'000'000);
  backward.phase = Phase::kBackward;
  backward.thread = 2;
  observer.on_call(backward);
}

TEST(TraceWriter, Golden) {
  std::string text;
  TraceWriter trace([&text](std::string_view part) {
    text += part;
    return true;
  });
  tell(trace);
  EXPECT_TRUE(trace.finish());
  testing::expect_golden(text, "trace.json");
}

// What a viewer needs: slices of a thread begin and end in order, and whatever begins ends.
void check_trace(const Json& trace) {
  std::map<int, int> open;
  std::map<int, double> last;
  for (const Json& event : trace["traceEvents"]) {
    const std::string kind = event["ph"];
    if (kind != "B" && kind != "E") continue;
    const int thread = event["tid"];
    EXPECT_GE(event["ts"].get<double>(), last[thread]);
    last[thread] = event["ts"];
    open[thread] += kind == "B" ? 1 : -1;
    EXPECT_GE(open[thread], 0);
  }
  for (const auto& [thread, count] : open) EXPECT_EQ(count, 0) << thread;
}

TEST(TraceWriter, IsWhatAViewerReads) {
  std::string text;
  TraceWriter trace([&text](std::string_view part) {
    text += part;
    return true;
  });
  tell(trace);
  trace.finish();
  const Json json = Json::parse(text);
  check_trace(json);
  std::int64_t flops = 0;
  for (const Json& event : json["traceEvents"]) {
    if (event["ph"] == "X") flops += event["args"]["flops"].get<std::int64_t>();
  }
  EXPECT_EQ(flops, 2 * (4'000'000 + 100 + 8'000'000));
}

TEST(TraceWriter, OfNothingIsATraceToo) {
  std::string text;
  TraceWriter trace([&text](std::string_view part) {
    text += part;
    return true;
  });
  EXPECT_TRUE(trace.finish());
  EXPECT_EQ(Json::parse(text)["traceEvents"].size(), 1U);
}

TEST(TraceWriter, WritesWhileItRuns) {
  std::size_t parts = 0;
  std::size_t largest = 0;
  TraceWriter trace([&](std::string_view part) {
    ++parts;
    largest = std::max(largest, part.size());
    return true;
  });
  for (int i = 0; i < 10'000; ++i) trace.on_call(record_of("aten::mm", "body.0", i * 1'000, i * 1'000 + 500, i));
  EXPECT_GT(parts, 10U);
  EXPECT_LT(largest, 100'000U) << "it must not keep what it could write";
  EXPECT_TRUE(trace.finish());
}

TEST(TraceWriter, GivesUpWhenTheSinkFails) {
  int parts = 0;
  TraceWriter trace([&parts](std::string_view /*part*/) {
    ++parts;
    return false;
  });
  for (int i = 0; i < 10'000; ++i) trace.on_call(record_of("aten::mm", "", i * 1'000, i * 1'000 + 500, i));
  EXPECT_FALSE(trace.finish());
  EXPECT_EQ(parts, 1);
}

TEST(TraceWriter, TakesCallsOfSeveralThreads) {
  std::string text;
  TraceWriter trace([&text](std::string_view part) {
    text += part;
    return true;
  });
  std::vector<std::thread> threads;
  for (std::uint32_t number = 1; number <= 4; ++number) {
    threads.emplace_back([&trace, number] {
      for (int i = 0; i < 1'000; ++i) {
        CallRecord record = record_of("aten::mm", i % 2 == 0 ? "a" : "b.c", i * 1'000, i * 1'000 + 500, i);
        record.thread = number;
        trace.on_call(record);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(trace.finish());
  check_trace(Json::parse(text));
}

TEST(CallTimes, AddsUpByOperatorAndModule) {
  CallTimes times;
  tell(times);
  EXPECT_EQ(times.total().time, nanoseconds(2'000 + 500 + 500 + 4'001)) << "without the operator that has no verdict";
  EXPECT_EQ(times.by_operator().at("aten::mm").time, nanoseconds(6'001));
  EXPECT_EQ(times.by_operator().at("aten::mm").cost.flops, 24'000'000);
  EXPECT_EQ(times.by_module().at("body").time, nanoseconds(6'501));
  EXPECT_EQ(times.by_module().at("body.0").cost.calls, 2);
  EXPECT_EQ(times.by_module().at("").time, times.total().time);
}

TEST(CallTimes, Golden) {
  CallTimes times;
  tell(times);
  TimesOptions options;
  options.peak_flops = 1e13;
  options.bandwidth = 1e13;
  testing::expect_golden(to_table(times, options), "times.txt");
  TimesOptions by_module;
  by_module.by_module = true;
  by_module.depth = 1;
  testing::expect_golden(to_table(times, by_module), "times_by_module.txt");
}

}  // namespace
}  // namespace torchtally
