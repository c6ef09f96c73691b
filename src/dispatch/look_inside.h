// LookInside: tensors whose operators are what they run on the tensors inside them.
//
// Note [Looking inside]
// A tensor of a Python class is one call to the dispatcher, with the shape that it shows. A DTensor shows the global one; what
// computes is the operator that it runs on its local part, with every key above Python's excluded by PyTorch. A jagged nested
// tensor shows a size that is no number; what computes is the operator that it runs on all its parts at once. So such a call is
// not counted, and while it runs its class's friend (the Python package) lets the key in again for what is called inside.
#ifndef TORCHTALLY_SRC_DISPATCH_LOOK_INSIDE_H_
#define TORCHTALLY_SRC_DISPATCH_LOOK_INSIDE_H_

#include <c10/core/TensorImpl.h>

#include "torchtally/export.h"

namespace torchtally::dispatch {

class TORCHTALLY_API LookInside {
 public:
  virtual ~LookInside() = default;

  // Asked of tensors of Python classes, by any thread that counts, with or without Python's lock.
  virtual bool wants(const c10::TensorImpl& tensor) const = 0;

  // Around the kernel of an operator that takes such a tensor, on the thread that called it, with the key excluded. They nest.
  virtual void enter() const = 0;
  virtual void leave() const noexcept = 0;
};

// For the process. Null, as it is in the beginning: no tensor is looked into.
TORCHTALLY_API void set_look_inside(const LookInside* look);
const LookInside* look_inside();

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_LOOK_INSIDE_H_
