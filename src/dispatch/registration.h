// Registration: puts our kernels on the key, once, when the first guard is made.
#ifndef TORCHTALLY_SRC_DISPATCH_REGISTRATION_H_
#define TORCHTALLY_SRC_DISPATCH_REGISTRATION_H_

#include "torchtally/formula.h"

namespace torchtally::dispatch {

// Registers what is not registered yet. Thread-safe. Throws std::runtime_error if another library has taken the key; may be tried
// again. Composite operators for which `formulas` has a formula are made visible: they are fallthrough otherwise.
//
// With TORCHTALLY_TYPED_KERNELS=0 in the environment everything goes through the boxed fallback: same counts, slower. For tests.
void ensure_registered(const FormulaSet& formulas);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_REGISTRATION_H_
