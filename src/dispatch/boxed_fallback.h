// The boxed fallback: intercepts every operator that has no typed kernel, also those that nobody knew at build time.
#ifndef TORCHTALLY_SRC_DISPATCH_BOXED_FALLBACK_H_
#define TORCHTALLY_SRC_DISPATCH_BOXED_FALLBACK_H_

#include <ATen/core/dispatch/Dispatcher.h>

namespace torchtally::dispatch {

void boxed_fallback(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_BOXED_FALLBACK_H_
