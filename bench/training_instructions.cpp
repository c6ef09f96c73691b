// One kind of training steps, for a tool that counts instructions: where the noise of the clock hides what counting adds.
//
//   valgrind --tool=callgrind --toggle-collect='*measured_steps*' build/release/bin/training_instructions transformer 1 10
//
// counts ten steps of the transformer with each step counted (0: without a meter; 10: one of the ten is). bench/run.py
// instructions does, and prints the difference. On the standard output: calls of leaf operators in a step.
#include <ATen/Parallel.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "torchtally/step_meter.h"
#include "training_works.h"

namespace torchtally::bench {
namespace {

template <typename Run>
[[gnu::noinline]] void measured_steps(int steps, const Run& run) {
  for (int i = 0; i < steps; ++i) run();
}

template <typename Work>
void train(int every, int steps) {
  Work work;
  StepMeter::Options options;
  options.every = every;
  StepMeter meter(work.model, options);
  const auto run = [&] {
    if (every == 0) {
      work.step();
    } else {
      const auto step = meter.step({work.x});
      work.step();
    }
  };
  // From the third counted step on calls are remembered: where that is every tenth, from the 21st on. One more for each.
  const int warm_ups = every <= 1 ? 4 : 2 * every + 4;
  for (int i = 0; i < warm_ups; ++i) run();
  measured_steps(steps, run);
  std::cout << std::int64_t{meter.last().total().calls} << "\n";
}

}  // namespace
}  // namespace torchtally::bench

int main(int argc, char** argv) {
  using namespace torchtally::bench;
  constexpr int kArguments = 4;
  const std::string work = argc == kArguments ? argv[1] : "";
  if (work != "transformer" && work != "resnet18") {
    std::cerr << "usage: training_instructions transformer|resnet18 EVERY STEPS\n";
    return 2;
  }
  at::set_num_threads(1);
  const int every = std::atoi(argv[2]);
  const int steps = std::atoi(argv[3]);
  work == "transformer" ? train<Transformer>(every, steps) : train<ResNet18>(every, steps);
  return 0;
}
