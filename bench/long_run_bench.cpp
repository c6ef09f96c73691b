// A million training steps under a StepMeter: what is known of autograd's nodes is full after some ten thousand (2 MB, see
// attribution/node_origins.h), and then memory stays as it is.
//
//   build/release/bin/long_run_bench    (bench/run.py long_run prints it)
//
// "heap_N": bytes that are allocated after N steps, LibTorch's and the model's among them; "resident_N": bytes of the process in
// memory. What grows in a plain loop too is not torchtally's: the first benchmark is that.
#include <ATen/Parallel.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "torchtally/call.h"
#include "torchtally/step_meter.h"

namespace torchtally::bench {
namespace {

double heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

double resident_bytes() {
  double pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;  // the second number
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// range(0): 0 without a meter, 1 every step counted, 10 every tenth. range(1): steps.
void long_run(benchmark::State& state) {
  torch::nn::Sequential model(torch::nn::Linear(4, 8), torch::nn::ReLU(), torch::nn::Linear(8, 1));
  torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(1e-4));
  const std::vector<at::Tensor> batches = {at::randn({2, 4}), at::randn({3, 4})};
  const auto work = [&](const at::Tensor& x) {
    optimizer.zero_grad();
    call(model, x).square().mean().backward();  // opens a scope for each layer
    optimizer.step();
  };
  StepMeter::Options options;
  options.every = static_cast<int>(state.range(0));
  StepMeter meter(*model, options);
  for (auto _ : state) {
    std::int64_t next = 1000;
    for (std::int64_t i = 1; i <= state.range(1); ++i) {
      const at::Tensor& x = batches[static_cast<std::size_t>(i) % batches.size()];
      if (state.range(0) == 0) {
        work(x);
      } else {
        const auto step = meter.step({x});
        work(x);
      }
      if (i == next) {
        state.counters["heap_" + std::to_string(i)] = heap_bytes();
        state.counters["resident_" + std::to_string(i)] = resident_bytes();
        next *= 10;
      }
    }
  }
}

BENCHMARK(long_run)
    ->ArgNames({"every", "steps"})
    ->Iterations(1)
    ->Unit(benchmark::kSecond)
    ->Args({0, 1000000})
    ->Args({1, 1000000})
    ->Args({10, 1000000});

}  // namespace
}  // namespace torchtally::bench

int main(int argc, char** argv) {
  at::set_num_threads(1);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
