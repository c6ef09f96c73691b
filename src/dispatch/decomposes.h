// Which operators are counted by their parts. In a header of its own: the command asks too, outside of the library.
#ifndef TORCHTALLY_SRC_DISPATCH_DECOMPOSES_H_
#define TORCHTALLY_SRC_DISPATCH_DECOMPOSES_H_

#include <ATen/core/dispatch/Dispatcher.h>

namespace torchtally::dispatch {

// True if PyTorch has the operator as CompositeImplicitAutograd and it really calls other operators.
inline bool decomposes(const c10::OperatorHandle& op) {
  // Composite by registration, but where no gradient is wanted it computes in a kernel of its own, which nobody would see.
  const bool computes_itself = op.operator_name().name == "aten::max_pool1d";
  return op.hasKernelForDispatchKey(c10::DispatchKey::CompositeImplicitAutograd) && !computes_itself;
}

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_DECOMPOSES_H_
