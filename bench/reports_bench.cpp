// What a report costs: a tally of 10,000 modules and 1,000,000 rows in every format. Each has to take less than a second, and
// the HTML to be smaller than 10 MB.
//
//   build/release/bin/reports_bench    ("bytes": the size of the report)
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "torchtally/diff.h"
#include "torchtally/html_report.h"
#include "torchtally/report.h"
#include "torchtally/tally_from_json.h"

namespace torchtally::bench {
namespace {

constexpr int kModules = 10'000;
constexpr int kOperators = 25;
constexpr int kChildren = 10;

// Each module has ten children; in each of them every operator runs in two types and two phases.
Tally make_tally() {
  std::vector<ModuleInfo> modules(kModules);
  for (int i = 1; i < kModules; ++i) {
    modules[i].parent = (i - 1) / kChildren;
    const std::string& parent = modules[modules[i].parent].name;
    modules[i].name = parent + (parent.empty() ? "layer" : ".layer") + std::to_string(i);
    modules[i].type = "Block" + std::to_string(i % 7);
    modules[i].parameters = {i, i};
    modules[i].registered = modules[i].called = true;
  }
  std::vector<OperatorInfo> operators;
  for (int i = 0; i < kOperators; ++i) {
    operators.push_back({"aten::operator" + std::to_string(i), "", VerdictKind::kCounted, ZeroReason::kIgnored});
  }
  std::vector<Tally::Row> rows;
  std::int64_t number = 1;
  for (int module = 0; module < kModules; ++module) {
    for (int op = 0; op < kOperators; ++op) {
      for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
        for (const Phase phase : {Phase::kForward, Phase::kBackward}) {
          Tally::Row row;
          row.module = module;
          row.op = op;
          row.dtype = dtype;
          row.phase = phase;
          number = number * 48'271 % 2'147'483'647;  // Lehmer's generator: figures of all sizes
          row.cost.calls = 1 + number % 10;
          row.cost.add_macs(number * 1'000);
          row.cost.bytes_read = number * 8;
          row.cost.bytes_written = number * 4;
          row.cost.activations = number;
          rows.push_back(row);
        }
      }
    }
  }
  return Tally(std::move(modules), std::move(operators), std::move(rows));
}

const Tally& tally() {
  static const Tally& tally = *new Tally(make_tally());
  return tally;
}

template <typename Report>
void report(benchmark::State& state, Report make) {
  const Tally& subject = tally();
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string text = make(subject);
    bytes = text.size();
    benchmark::DoNotOptimize(text.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}

ReportOptions by(std::vector<GroupBy> groups) {
  ReportOptions options;
  options.by = std::move(groups);
  return options;
}

#define REPORT_BENCH(name, expression) \
  BENCHMARK_CAPTURE(report, name, [](const Tally& t) { return expression; })->Unit(benchmark::kMillisecond)

REPORT_BENCH(table, to_table(t));
REPORT_BENCH(table_by_operator, to_table(t, by({GroupBy::kOperator})));
REPORT_BENCH(table_by_module_and_operator, to_table(t, by({GroupBy::kModule, GroupBy::kOperator})));
REPORT_BENCH(tree, to_tree(t));
REPORT_BENCH(csv, to_csv(t));
REPORT_BENCH(csv_by_everything, to_csv(t, by({GroupBy::kModule, GroupBy::kOperator, GroupBy::kPhase, GroupBy::kDType})));
REPORT_BENCH(markdown, to_markdown(t));
REPORT_BENCH(folded, to_folded(t));
REPORT_BENCH(json, to_json(t));
REPORT_BENCH(html, to_html(t));
REPORT_BENCH(diff, to_text(diff(t, t)));

// Not a report, but what one of a saved tally begins with.
void load(benchmark::State& state) {
  const std::string json = to_json(tally());
  for (auto _ : state) benchmark::DoNotOptimize(tally_from_json(json));
  state.counters["bytes"] = static_cast<double>(json.size());
}
BENCHMARK(load)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace torchtally::bench

BENCHMARK_MAIN();
