// What a StepMeter adds to training steps (training_works.h): plain, every step counted, every tenth counted. And once more plain
// and counted in turns of a tenth of a second, which a machine that is slower now than then does to both alike, and so for a
// forward alone.
//
//   build/release/bin/training_bench    (bench/run.py prints the ratios, beside those of FlopCounterMode on the same models)
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <chrono>
#include <limits>

#include "torchtally/step_meter.h"
#include "training_works.h"

namespace torchtally::bench {
namespace {

// `kEvery`: 0 without a meter, 1 every step counted, 10 every tenth.
template <typename Work, int kEvery>
void step(benchmark::State& state) {
  Work work;
  StepMeter::Options options;
  options.every = kEvery;
  StepMeter meter(work.model, options);
  const auto run = [&] {
    if constexpr (kEvery == 0) {
      work.step();
    } else {
      const auto step = meter.step({work.x});
      work.step();
    }
  };
  constexpr int kWarmUps = 3;
  for (int i = 0; i < kWarmUps; ++i) run();
  for (auto _ : state) run();
  state.counters["ns"] = benchmark::Counter(static_cast<double>(state.iterations()) * 1e-9,
                                            benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["leaf_calls"] = static_cast<double>(std::int64_t{meter.last().total().calls});
}

struct ResNet18Forward : ResNet18 {
  ResNet18Forward() {
    model.eval();
    x = at::randn({1, 3, 224, 224});
  }
  void step() {
    const at::NoGradGuard no_grad;
    model.forward({x});
  }
};

template <typename Work, int kStepsATurn>
void in_turns(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  Work work;
  StepMeter meter(work.model);
  const auto turn = [&](bool counted) {
    const auto begin = Clock::now();
    for (int i = 0; i < kStepsATurn; ++i) {
      if (counted) {
        const auto step = meter.step({work.x});
        work.step();
      } else {
        work.step();
      }
    }
    return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / kStepsATurn;
  };
  constexpr int kWarmUps = 2;
  for (int i = 0; i < kWarmUps; ++i) turn(true);
  double plain = 0;
  double counted = 0;
  bool counted_first = false;
  for (auto _ : state) {
    if (counted_first) counted += turn(true);
    plain += turn(false);
    if (!counted_first) counted += turn(true);
    counted_first = !counted_first;
  }
  state.counters["plain"] = plain / static_cast<double>(state.iterations());
  state.counters["counted"] = counted / static_cast<double>(state.iterations());
}

BENCHMARK_TEMPLATE(in_turns, ResNet18Forward, 2)->Iterations(4);
BENCHMARK_TEMPLATE(in_turns, ResNet18, 2)->Iterations(4);
BENCHMARK_TEMPLATE(in_turns, Transformer, 20)->Iterations(4);
BENCHMARK_TEMPLATE(step, ResNet18, 0);
BENCHMARK_TEMPLATE(step, ResNet18, 1);
BENCHMARK_TEMPLATE(step, ResNet18, 10);
BENCHMARK_TEMPLATE(step, Transformer, 0);
BENCHMARK_TEMPLATE(step, Transformer, 1);
BENCHMARK_TEMPLATE(step, Transformer, 10);

}  // namespace
}  // namespace torchtally::bench

int main(int argc, char** argv) {
  // Memory that is freed stays with the process: page faults come and go with where a block happens to lie, and are more than
  // what is to be measured.
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_MMAP_THRESHOLD, std::numeric_limits<int>::max());
  at::set_num_threads(1);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
