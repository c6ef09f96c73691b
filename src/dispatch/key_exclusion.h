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
  C10_ALWAYS_INLINE explicit KeyExclusion(bool wanted)
      : tls_(&c10::impl::raw_local_dispatch_key_set), before_(tls_->excluded_ & bit()) {
    // Keeps the compiler from asking for the address once more in the destructor: that is a call.
    __asm__("" : "+r"(tls_));
    if (wanted) tls_->excluded_ |= bit();
  }
  C10_ALWAYS_INLINE ~KeyExclusion() { tls_->excluded_ = (tls_->excluded_ & ~bit()) | before_; }
  KeyExclusion(const KeyExclusion&) = delete;
  KeyExclusion& operator=(const KeyExclusion&) = delete;

 private:
  // LibTorch stores the set with the bits that are excluded by default inverted: ours is not one of them.
  static std::uint64_t bit() { return c10::DispatchKeySet(kKey).raw_repr(); }

  c10::impl::PODLocalDispatchKeySet* tls_;
  std::uint64_t before_;  // our bit
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_KEY_EXCLUSION_H_
