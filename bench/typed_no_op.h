// TypedNoOp: the least that typed kernels can do, as a baseline for those of torchtally: they exclude their key and redispatch.
#ifndef TORCHTALLY_BENCH_TYPED_NO_OP_H_
#define TORCHTALLY_BENCH_TYPED_NO_OP_H_

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/add_ops.h>
#include <ATen/ops/addmm_ops.h>
#include <ATen/ops/linear_ops.h>
#include <ATen/ops/mm_ops.h>
#include <ATen/ops/t_ops.h>
#include <ATen/ops/view_ops.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include <cstdint>
#include <optional>

namespace torchtally::bench {

// For the operators of the chains whose slowdown has a target. On another key than NoOpFallback, which stands beside it.
class TypedNoOp {
 public:
  template <typename Work>
  explicit TypedNoOp(const Work& /*work*/) {
    install();
    include_.emplace(kKey);
  }
  static std::int64_t counted() { return 0; }

 private:
  static constexpr c10::DispatchKey kKey = c10::DispatchKey::TESTING_ONLY_GenericWrapper;

  template <typename Op, bool kIsLeaf, typename Schema = typename Op::schema>
  struct Kernel;
  template <typename Op, bool kIsLeaf, typename Return, typename... Args>
  struct Kernel<Op, kIsLeaf, Return(Args...)> {
    static Return call(c10::DispatchKeySet keys, Args... args) {
      const auto below = keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kKey);
      // What a composite operator calls comes by in its turn.
      std::optional<c10::impl::ExcludeDispatchKeyGuard> exclude;
      if constexpr (kIsLeaf) exclude.emplace(kKey);
      return Op::redispatch(below, args...);
    }
  };

  template <typename Op, bool kIsLeaf = true>
  static void add(torch::Library& library) {
    library.impl(c10::toString(c10::OperatorName(Op::name, Op::overload_name)).c_str(), TORCH_FN((Kernel<Op, kIsLeaf>::call)));
  }

  static void install() {
    static torch::Library& library = *new torch::Library(torch::Library::IMPL, "aten", kKey, __FILE__, __LINE__);
    static const bool installed = [] {
      add<at::_ops::add_Tensor>(library);
      add<at::_ops::addmm>(library);
      add<at::_ops::linear, false>(library);
      add<at::_ops::mm>(library);
      add<at::_ops::t>(library);
      add<at::_ops::view>(library);
      return true;
    }();
    static_cast<void>(installed);
  }

  std::optional<c10::impl::IncludeDispatchKeyGuard> include_;
};

}  // namespace torchtally::bench

#endif  // TORCHTALLY_BENCH_TYPED_NO_OP_H_
