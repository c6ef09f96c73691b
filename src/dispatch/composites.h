// Composite: whether a call of an operator that PyTorch decomposes can be let through without asking anyone.
#ifndef TORCHTALLY_SRC_DISPATCH_COMPOSITES_H_
#define TORCHTALLY_SRC_DISPATCH_COMPOSITES_H_

#include <c10/core/DispatchKeySet.h>

#include <atomic>
#include <string_view>

#include "dispatch/operator_registry.h"

namespace torchtally::dispatch {

// True once a guard has had formulas of its own: a composite operator may then be a leaf. Set before that guard opens.
inline std::atomic<bool> some_guard_has_own_formulas = false;

// In evaluation these call nothing: their own call alone shows that their module was called.
inline bool shows_a_call(std::string_view name) {
  return name == "aten::dropout" || name == "aten::dropout_" || name == "aten::feature_dropout" || name == "aten::alpha_dropout";
}

class Composite {
 public:
  // A leaf: never let through.
  Composite() = default;
  explicit Composite(const c10::OperatorHandle& op);

  C10_ALWAYS_INLINE bool decomposes(c10::DispatchKeySet below) const {
    return is_composite_ && !below.has_any(leaf_keys_) &&
           C10_LIKELY(!some_guard_has_own_formulas.load(std::memory_order_relaxed));
  }

 private:
  bool is_composite_ = false;
  // Backends that have a kernel of their own for it, and Python, which may receive it whole.
  c10::DispatchKeySet leaf_keys_;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_COMPOSITES_H_
