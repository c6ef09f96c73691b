// What counting is compared with, each a scope: nothing at all, a boxed fallback that does nothing, a RecordFunction callback
// that does nothing. Each is made for the work that it is put around, and knows how many leaf calls it has counted.
#ifndef TORCHTALLY_BENCH_BASELINES_H_
#define TORCHTALLY_BENCH_BASELINES_H_

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/record_function.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "torchtally/counting_guard.h"

namespace torchtally::bench {

struct Plain {
  template <typename Work>
  explicit Plain(const Work& /*work*/) {}
  static std::int64_t counted() { return 0; }
};

// The least that any interceptor of every operator can do: a boxed fallback that excludes its key and redispatches.
// On a key that PyTorch keeps for experiments, so that it stands beside torchtally's in one program.
class NoOpFallback {
 public:
  template <typename Work>
  explicit NoOpFallback(const Work& /*work*/) {
    install();
    include_.emplace(kKey);
  }
  static std::int64_t counted() { return 0; }

 private:
  static constexpr c10::DispatchKey kKey = c10::DispatchKey::TESTING_ONLY_GenericMode;

  static void fallback(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
    const c10::impl::ExcludeDispatchKeyGuard exclude(kKey);
    op.redispatchBoxed(keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kKey), stack);
  }
  static void install() {
    static const auto& registered = *new c10::RegistrationHandleRAII(c10::Dispatcher::singleton().registerFallback(
        kKey, c10::KernelFunction::makeFromBoxedFunction<&fallback>(), "torchtally_bench"));
    static_cast<void>(registered);
  }

  std::optional<c10::impl::IncludeDispatchKeyGuard> include_;
};

class RecordFunctionCallback {
 public:
  template <typename Work>
  explicit RecordFunctionCallback(const Work& /*work*/)
      : handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(&start).scopes({at::RecordScope::FUNCTION}))) {}
  ~RecordFunctionCallback() { at::removeCallback(handle_); }
  RecordFunctionCallback(const RecordFunctionCallback&) = delete;
  RecordFunctionCallback& operator=(const RecordFunctionCallback&) = delete;
  static std::int64_t counted() { return 0; }

 private:
  static std::unique_ptr<at::ObserverContext> start(const at::RecordFunction& /*function*/) { return nullptr; }

  at::CallbackHandle handle_;
};

class Torchtally {
 public:
  template <typename Work>
  explicit Torchtally(const Work& work) : guard_(guard_for(work, 0)) {}
  std::int64_t counted() const { return guard_.tally().total().calls; }

 private:
  // Of a TorchScript model by its modules, of anything else without.
  template <typename Work>
  static auto guard_for(const Work& work, int /*preferred*/) -> decltype(CountingGuard(work.model)) {
    return CountingGuard(work.model);
  }
  template <typename Work>
  static CountingGuard guard_for(const Work& /*work*/, long /*otherwise*/) {
    return CountingGuard();
  }

  CountingGuard guard_;
};

}  // namespace torchtally::bench

#endif  // TORCHTALLY_BENCH_BASELINES_H_
