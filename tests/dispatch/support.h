// What the tests of the interceptor share.
#ifndef TORCHTALLY_TESTS_DISPATCH_SUPPORT_H_
#define TORCHTALLY_TESTS_DISPATCH_SUPPORT_H_

#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/version.h>

#include <cstdint>
#include <string>

#include "torchtally/counting_guard.h"
#include "torchtally/tally.h"

namespace torchtally::testing {

// (2, 3) x (3, 4): each of the 2·4 elements is a sum of 3 products, 24 MACs.
inline constexpr std::int64_t kProductMacs = 24;
inline at::Tensor product() { return at::mm(at::ones({2, 3}), at::ones({3, 4})); }

inline std::int64_t macs(const CountingGuard& guard) { return guard.tally().total().macs; }

// Nothing where the operator was not counted.
inline Cost cost_of(const Tally& tally, const std::string& op) {
  const auto costs = tally.by_operator();
  const auto found = costs.find(op);
  return found == costs.end() ? Cost{} : found->second;
}
inline std::int64_t calls_of(const Tally& tally, const std::string& op) { return cost_of(tally, op).calls; }

// With everything below; -1 where there is no such module.
inline std::int64_t module_macs(const Tally& tally, const std::string& module) {
  const auto costs = tally.by_module();
  const auto found = costs.find(module);
  return found == costs.end() ? -1 : static_cast<std::int64_t>(found->second.macs);
}

class Autocast {
 public:
  Autocast() { enable(true); }
  ~Autocast() {
    enable(false);
    at::autocast::clear_cache();
  }

 private:
  static void enable(bool enabled) {
#if TORCH_VERSION_MAJOR >= 2
    at::autocast::set_autocast_enabled(at::kCPU, enabled);
#else
    at::autocast::set_cpu_enabled(enabled);
#endif
  }
};

// What a guard changes about its thread.
inline bool key_is_included() { return c10::impl::tls_is_dispatch_key_included(c10::DispatchKey::DeferredInit); }
inline bool key_is_excluded() { return c10::impl::tls_is_dispatch_key_excluded(c10::DispatchKey::DeferredInit); }

// True if the thread is as it was before any guard, and the next guard counts right.
inline bool thread_is_clean() {
  if (key_is_included() || key_is_excluded()) return false;
  {
    CountingGuard guard;
    product();
    if (macs(guard) != kProductMacs) return false;
  }
  return !key_is_included() && !key_is_excluded();
}

}  // namespace torchtally::testing

#endif  // TORCHTALLY_TESTS_DISPATCH_SUPPORT_H_
