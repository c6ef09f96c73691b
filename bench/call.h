// What every benchmark of calls shares: the same work under each of the baselines, its time and its heap allocations.
#ifndef TORCHTALLY_BENCH_CALL_H_
#define TORCHTALLY_BENCH_CALL_H_

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>

#include <cstdint>

#include "allocations.h"
#include "baselines.h"

namespace torchtally::bench {

// `Work` is called `kLength` times an iteration: a chain is what a program of tiny operators looks like. Time is per call.
template <typename Work, typename Baseline, int kLength>
void call(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const Work work;
  const Baseline scope(work);
  constexpr int kWarmUps = 3;  // from the third on calls are remembered
  for (int i = 0; i < kWarmUps; ++i) benchmark::DoNotOptimize(work());
  const std::int64_t counted_before = scope.counted();
  const std::int64_t allocations_before = allocations();
  for (auto _ : state) {
    for (int i = 0; i < kLength; ++i) benchmark::DoNotOptimize(work());
  }
  const std::int64_t allocations_after = allocations();
  const double calls = static_cast<double>(state.iterations()) * kLength;
  state.counters["allocations"] = static_cast<double>(allocations_after - allocations_before) / calls;
  if (const std::int64_t counted = scope.counted(); counted > 0) {
    state.counters["leaf_calls"] = static_cast<double>(counted - counted_before) / calls;
  }
  state.counters["ns"] = benchmark::Counter(calls * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

#define TORCHTALLY_BENCH(Work, length)                            \
  BENCHMARK_TEMPLATE(call, Work, Plain, length);                  \
  BENCHMARK_TEMPLATE(call, Work, NoOpFallback, length);           \
  BENCHMARK_TEMPLATE(call, Work, RecordFunctionCallback, length); \
  BENCHMARK_TEMPLATE(call, Work, Torchtally, length)

inline int run(int argc, char** argv) {
  at::set_num_threads(1);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace torchtally::bench

#endif  // TORCHTALLY_BENCH_CALL_H_
