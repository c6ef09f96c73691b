// records_gradients(): c10::GradMode::is_enabled(), for less: every call inside a backward pass and of an optimizer asks.
#ifndef TORCHTALLY_SRC_DISPATCH_GRAD_MODE_H_
#define TORCHTALLY_SRC_DISPATCH_GRAD_MODE_H_

#include <c10/core/AutogradState.h>
#include <c10/macros/Macros.h>

namespace torchtally::dispatch {

// The state is a thread's own variable in LibTorch's library: to ask where it lies is a call. So that is remembered, as
// key_exclusion.h does.
C10_ALWAYS_INLINE bool records_gradients() {
  [[gnu::tls_model("initial-exec")]] static __thread const c10::AutogradState* known = nullptr;
  if (C10_UNLIKELY(known == nullptr)) known = &c10::AutogradState::get_tls_state();
  return known->get_grad_mode();
}

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_GRAD_MODE_H_
