// Shared kernels: typed kernels by signature. Hundreds of operators take a tensor and return one; the code that counts such a
// call is the same for all of them, only the operator differs. So an operator that models call rarely is not boxed either.
#ifndef TORCHTALLY_SRC_DISPATCH_SHARED_KERNELS_H_
#define TORCHTALLY_SRC_DISPATCH_SHARED_KERNELS_H_

#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>

namespace torchtally::dispatch {

// Registers a kernel on the key for the operator, if its signature is one of those that are shared and nothing speaks against it
// (shared_kernels.cpp says what). Otherwise nothing, and the operator goes through the boxed fallback.
std::optional<c10::RegistrationHandleRAII> register_shared(const c10::OperatorHandle& op);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_SHARED_KERNELS_H_
