#include "dispatch/registration.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <cstdlib>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dispatch/boxed_fallback.h"
#include "dispatch/composites.h"
#include "dispatch/key.h"
#include "dispatch/operator_registry.h"
#include "dispatch/shared_kernels.h"
#include "dispatch/typed_kernels.h"

namespace torchtally::dispatch {
namespace {

bool typed_kernels_wanted() {
  const char* wanted = std::getenv("TORCHTALLY_TYPED_KERNELS");
  return wanted == nullptr || std::string_view(wanted) != "0";
}

// What is on the key. Never destroyed: taking the kernels away while some thread still counts would make its every call throw.
class Registration {
 public:
  Registration()
      : fallback_(c10::Dispatcher::singleton().registerFallback(
            kKey, c10::KernelFunction::makeFromBoxedFunction<&boxed_fallback>(), "torchtally")) {
    if (typed_kernels_wanted()) {
      register_typed_views(typed_);
      register_typed_pointwise(typed_);
      register_typed_layers(typed_);
      share_kernels();
    }
    hide_composites();
  }

  // Note [Composites made visible]
  // The dispatcher's tables change here while other threads may run operators. Only the entry of our key changes, and only
  // threads with a guard read that one: a thread that counts at this moment decomposes the operator, as it did before.
  void show_composites(const FormulaSet& formulas) {
    std::vector<Hidden> still_hidden;
    for (Hidden& hidden : hidden_) {
      if (!formulas.overrides(hidden.name.name, hidden.name.overload_name)) still_hidden.push_back(std::move(hidden));
    }
    hidden_ = std::move(still_hidden);
  }

 private:
  struct Hidden {
    c10::OperatorName name;
    c10::RegistrationHandleRAII handle;
  };

  // A composite operator costs nothing of its own if the dispatcher skips the key for it. Not where some backend has a kernel
  // of its own: there it is a leaf, and which it is shows only when it is called.
  void hide_composites() {
    auto& dispatcher = c10::Dispatcher::singleton();
    for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
      const auto op = dispatcher.findSchema(name);
      if (!op.has_value() || op->hasKernelForDispatchKey(kKey)) continue;
      if (!decomposes(*op) || op->hasKernelForAnyDispatchKey(backend_keys()) || shows_a_call(name.name)) continue;
      hidden_.push_back({name, dispatcher.registerImpl(name, kKey, c10::KernelFunction::makeFallthrough(), {}, nullptr,
                                                       "torchtally: composite")});
    }
  }

  void share_kernels() {
    auto& dispatcher = c10::Dispatcher::singleton();
    for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
      const auto op = dispatcher.findSchema(name);
      if (!op.has_value() || op->hasKernelForDispatchKey(kKey)) continue;
      if (auto handle = register_shared(*op); handle.has_value()) shared_.push_back(std::move(*handle));
    }
  }

  c10::RegistrationHandleRAII fallback_;
  torch::Library typed_ = torch::Library(torch::Library::IMPL, "aten", kKey, __FILE__, __LINE__);
  std::vector<c10::RegistrationHandleRAII> shared_;
  std::vector<Hidden> hidden_;
};

}  // namespace

void ensure_registered(const FormulaSet& formulas) {
  static std::mutex mutex;
  static Registration* registration = nullptr;
  const std::lock_guard lock(mutex);
  if (registration == nullptr) {
    try {
      registration = new Registration;
    } catch (const c10::Error& error) {
      throw std::runtime_error(
          std::string("torchtally cannot count: another library has taken the dispatch key ") + c10::toString(kKey) +
          ", on which torchtally intercepts operators. Load only one of the two in a process. (LibTorch says: " +
          error.what_without_backtrace() + ")");
    }
  }
  if (formulas.overridden().empty()) return;
  some_guard_has_own_formulas.store(true, std::memory_order_relaxed);
  registration->show_composites(formulas);
}

}  // namespace torchtally::dispatch
