#include "dispatch/composites.h"

namespace torchtally::dispatch {

Composite::Composite(const c10::OperatorHandle& op)
    : is_composite_(dispatch::decomposes(op) && !shows_a_call(op.operator_name().name)), leaf_keys_(c10::DispatchKey::Python) {
  const BackendSet backends = backends_with_kernel(op);
  for (std::size_t key = 1; key < backends.size(); ++key) {
    if (backends[key]) leaf_keys_ = leaf_keys_.add(c10::toFunctionalityKey(static_cast<c10::DispatchKey>(key)));
  }
}

}  // namespace torchtally::dispatch
