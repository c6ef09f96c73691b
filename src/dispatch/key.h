// The dispatch key, and what lies below it. docs/decisions/0001-dispatch-key.md says why this one.
#ifndef TORCHTALLY_SRC_DISPATCH_KEY_H_
#define TORCHTALLY_SRC_DISPATCH_KEY_H_

#include <c10/core/DispatchKeySet.h>
#include <torch/version.h>

namespace torchtally::dispatch {

// To move to another key, change this line (and read the decision record on which keys are above and below it).
inline constexpr c10::DispatchKey kKey = c10::DispatchKey::DeferredInit;

// What a call that came through the key is redispatched to.
inline constexpr c10::DispatchKeySet kBelow = c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kKey);

// Layers that call the operator afresh, with other dtypes or shapes: the key sees it again, when it is what really runs.
inline constexpr c10::DispatchKeySet kWrappers =
    c10::autocast_dispatch_keyset | c10::DispatchKeySet({
      c10::DispatchKey::FuncTorchBatched, c10::DispatchKey::FuncTorchVmapMode, c10::DispatchKey::Batched,
          c10::DispatchKey::VmapMode, c10::DispatchKey::FuncTorchGradWrapper, c10::DispatchKey::FuncTorchDynamicLayerBackMode,
          c10::DispatchKey::Functionalize,
#if TORCH_VERSION_MAJOR >= 2
          c10::DispatchKey::BatchedNestedTensor,
#endif
    });

// Tensors of Python classes and dispatch modes.
inline constexpr c10::DispatchKeySet kPython = c10::DispatchKeySet(c10::DispatchKey::Python);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_KEY_H_
