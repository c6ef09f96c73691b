// What counting adds to single operators and to chains of tiny ones, beside the baselines. Time per operator call.
//
//   build/release/bin/operators_bench    (bench/run.py prints the ratios)
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/add.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/erfinv.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sort.h>
#include <benchmark/benchmark.h>

#include <vector>

#include "call.h"
#include "torchtally/module_scope.h"
#include "typed_no_op.h"

namespace torchtally::bench {
namespace {

struct Add {
  at::Tensor a = at::randn({1});
  at::Tensor b = at::randn({1});
  at::Tensor operator()() const { return at::add(a, b); }
};

// Operators that share the typed kernels of their signatures: this one and those down to Sort, and AddOut.
struct Erfinv {
  at::Tensor a = at::randn({1});
  at::Tensor operator()() const { return at::erfinv(a); }
};

struct Lerp {
  at::Tensor a = at::randn({1});
  at::Tensor b = at::randn({1});
  at::Tensor operator()() const { return at::lerp(a, b, 0.5); }
};

struct Addcmul {
  at::Tensor a = at::randn({1});
  at::Tensor b = at::randn({1});
  at::Tensor c = at::randn({1});
  at::Tensor operator()() const { return at::addcmul(a, b, c); }
};

struct Flip {
  at::Tensor a = at::randn({2, 2});
  at::Tensor operator()() const { return at::flip(a, {0, 1}); }
};

struct Sort {
  at::Tensor a = at::randn({4});
  std::tuple<at::Tensor, at::Tensor> operator()() const { return at::sort(a, 0, true); }
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

// What writes to an `out=` may change its size, so its arguments are compared before it runs.
struct AddOut {
  at::Tensor a = at::randn({1});
  at::Tensor b = at::randn({1});
  mutable at::Tensor out = at::randn({1});
  at::Tensor operator()() const { return at::add_out(out, a, b); }
};

// As of an optimizer that takes all parameters at once, of a model of a hundred tensors.
struct ForeachMul {
  std::vector<at::Tensor> tensors = std::vector<at::Tensor>(100, at::ones({1}));
  bool operator()() const {
    at::_foreach_mul_(tensors, 1);
    return true;
  }
};

// Its signature is nobody else's on the hot path: through the boxed fallback, as what others register.
struct Unfold {
  at::Tensor a = at::randn({4});
  at::Tensor operator()() const { return a.unfold(0, 2, 1); }
};

// An addition in a module scope: what the scope costs is the difference to Add. Without a guard it does nothing.
struct ScopedAdd {
  at::Tensor a = at::randn({1});
  at::Tensor b = at::randn({1});
  at::Tensor operator()() const {
    const ModuleScope scope("layer");
    return at::add(a, b);
  }
};

TORCHTALLY_BENCH(View, 1);
TORCHTALLY_BENCH(Add, 1);
TORCHTALLY_BENCH(Mm, 1);
TORCHTALLY_BENCH(Linear, 1);
TORCHTALLY_BENCH(Conv2d, 1);
BENCHMARK_TEMPLATE(call, View, TypedNoOp, 1000);
BENCHMARK_TEMPLATE(call, Add, TypedNoOp, 1000);
BENCHMARK_TEMPLATE(call, Mm, TypedNoOp, 1000);
BENCHMARK_TEMPLATE(call, Linear, TypedNoOp, 1000);
TORCHTALLY_BENCH(View, 1000);
TORCHTALLY_BENCH(Add, 1000);
TORCHTALLY_BENCH(Mm, 1000);
TORCHTALLY_BENCH(Linear, 1000);
TORCHTALLY_BENCH(Erfinv, 1000);
TORCHTALLY_BENCH(Lerp, 1000);
TORCHTALLY_BENCH(Addcmul, 1000);
TORCHTALLY_BENCH(Flip, 1000);
TORCHTALLY_BENCH(Sort, 1000);
TORCHTALLY_BENCH(AddOut, 1000);
TORCHTALLY_BENCH(ForeachMul, 10);
TORCHTALLY_BENCH(Unfold, 1000);
TORCHTALLY_BENCH(ScopedAdd, 1000);

}  // namespace
}  // namespace torchtally::bench

int main(int argc, char** argv) { return torchtally::bench::run(argc, argv); }
