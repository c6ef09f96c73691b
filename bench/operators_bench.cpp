// What counting adds to single operators and to chains of tiny ones, beside the baselines. Time per operator call.
//
//   build/release/bin/operators_bench    (bench/run.py prints the ratios)
#include <ATen/ops/add.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/erfinv.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>

#include "call.h"

namespace torchtally::bench {
namespace {

struct Add {
  at::Tensor a = at::randn({1});
  at::Tensor b = at::randn({1});
  at::Tensor operator()() const { return at::add(a, b); }
};

// An operator without a typed kernel: through the boxed fallback.
struct Erfinv {
  at::Tensor a = at::randn({1});
  at::Tensor operator()() const { return at::erfinv(a); }
};

struct View {
  at::Tensor a = at::randn({4, 4});
  at::Tensor operator()() const { return a.view({2, 8}); }
};

struct Mm {
  at::Tensor a = at::randn({4, 4});
  at::Tensor b = at::randn({4, 4});
  at::Tensor operator()() const { return at::mm(a, b); }
};

struct Linear {
  at::Tensor x = at::randn({4, 4});
  at::Tensor weight = at::randn({4, 4});
  at::Tensor bias = at::randn({4});
  at::Tensor operator()() const { return at::linear(x, weight, bias); }
};

struct Conv2d {
  at::Tensor x = at::randn({1, 8, 16, 16});
  at::Tensor weight = at::randn({8, 8, 3, 3});
  at::Tensor bias = at::randn({8});
  at::Tensor operator()() const { return at::conv2d(x, weight, bias); }
};

TORCHTALLY_BENCH(View, 1);
TORCHTALLY_BENCH(Add, 1);
TORCHTALLY_BENCH(Erfinv, 1);
TORCHTALLY_BENCH(Mm, 1);
TORCHTALLY_BENCH(Linear, 1);
TORCHTALLY_BENCH(Conv2d, 1);
TORCHTALLY_BENCH(View, 1000);
TORCHTALLY_BENCH(Add, 1000);
TORCHTALLY_BENCH(Mm, 1000);
TORCHTALLY_BENCH(Linear, 1000);

}  // namespace
}  // namespace torchtally::bench

int main(int argc, char** argv) { return torchtally::bench::run(argc, argv); }
