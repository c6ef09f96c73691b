// KeyExclusion: keeps a thread's operators from the key. As c10::impl::ExcludeDispatchKeyGuard, without its calls into another
// library.
#ifndef TORCHTALLY_SRC_DISPATCH_KEY_EXCLUSION_H_
#define TORCHTALLY_SRC_DISPATCH_KEY_EXCLUSION_H_

#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cstdint>

#include "dispatch/key.h"

namespace torchtally::dispatch {

class KeyExclusion {
 public:
  C10_ALWAYS_INLINE explicit KeyExclusion(bool wanted) : tls_(thread_keys()), before_(tls_->excluded_ & bit()) {
    if (wanted) tls_->excluded_ |= bit();
  }
  C10_ALWAYS_INLINE ~KeyExclusion() { tls_->excluded_ = (tls_->excluded_ & ~bit()) | before_; }
  KeyExclusion(const KeyExclusion&) = delete;
  KeyExclusion& operator=(const KeyExclusion&) = delete;

 private:
  // The variable belongs to LibTorch's library: to ask for its address is a call. So this one remembers it, thread by thread.
  C10_ALWAYS_INLINE static c10::impl::PODLocalDispatchKeySet* thread_keys() {
    [[gnu::tls_model("initial-exec")]] static __thread c10::impl::PODLocalDispatchKeySet* known = nullptr;
    if (C10_UNLIKELY(known == nullptr)) known = &c10::impl::raw_local_dispatch_key_set;
    return known;
  }
  // LibTorch stores the set with the bits that are excluded by default inverted: ours is not one of them.
  static std::uint64_t bit() { return c10::DispatchKeySet(kKey).raw_repr(); }

  c10::impl::PODLocalDispatchKeySet* tls_;
  std::uint64_t before_;  // our bit
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_KEY_EXCLUSION_H_
