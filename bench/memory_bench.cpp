// What a guard keeps: memory grows with the number of module x operator pairs, not with the number of calls.
//
//   build/release/bin/memory_bench    ("bytes": what the guard holds on the heap at the end; "bytes_per_pair": that per pair)
#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/ones.h>
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <optional>
#include <string>

#include "torchtally/counting_guard.h"
#include "torchtally/module_scope.h"

namespace torchtally::bench {
namespace {

double heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

// range(0) modules, in each of them range(1) calls of one operator.
void memory(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const at::Tensor x = at::ones({4, 4});
  benchmark::DoNotOptimize(at::add(x, x));
  double bytes = 0;
  for (auto _ : state) {
    // A thread keeps its last guard's counters until the next guard counts: those of the run before go here.
    {
      const CountingGuard empty;
      benchmark::DoNotOptimize(at::add(x, x));
    }
    const double before = heap_bytes();
    std::optional<CountingGuard> guard(std::in_place);
    for (std::int64_t module = 0; module < state.range(0); ++module) {
      const ModuleScope scope("module" + std::to_string(module));
      for (std::int64_t call = 0; call < state.range(1); ++call) benchmark::DoNotOptimize(at::add(x, x));
    }
    bytes = heap_bytes() - before;
  }
  state.counters["bytes"] = bytes;
  state.counters["bytes_per_pair"] = bytes / static_cast<double>(state.range(0));
}

BENCHMARK(memory)
    ->ArgNames({"pairs", "calls"})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond)
    // The same pairs, ever more calls.
    ->Args({1000, 1})
    ->Args({1000, 10})
    ->Args({1000, 100})
    ->Args({1000, 1000})
    // The same calls, ever more pairs.
    ->Args({1, 1000000})
    ->Args({100, 10000})
    ->Args({10000, 100})
    ->Args({100000, 10});

}  // namespace
}  // namespace torchtally::bench

BENCHMARK_MAIN();
