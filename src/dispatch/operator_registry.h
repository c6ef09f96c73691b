// Operator: what never changes about an operator overload, looked up once and kept for the life of the process.
#ifndef TORCHTALLY_SRC_DISPATCH_OPERATOR_REGISTRY_H_
#define TORCHTALLY_SRC_DISPATCH_OPERATOR_REGISTRY_H_

#include <ATen/core/dispatch/Dispatcher.h>

#include <bitset>
#include <string>
#include <vector>

#include "dispatch/decomposes.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

struct Operator {
  explicit Operator(const c10::OperatorHandle& op);
  Operator(const Operator&) = delete;  // schema points into the other members
  Operator& operator=(const Operator&) = delete;

  c10::OperatorHandle handle;
  std::string name;      // "aten::add"
  std::string overload;  // "Tensor"
  std::vector<std::string> parameter_names;
  std::vector<OpSchema::Parameter> parameters;
  OpSchema schema;
  std::size_t result_count = 0;
  bool is_composite = false;  // PyTorch decomposes it, unless the call's own backend has a kernel
};

// Identifies an operator overload as long as it is registered: the dispatcher's own copy of its name.
using OperatorKey = const c10::OperatorName*;
inline OperatorKey key_of(const c10::OperatorHandle& op) { return &op.operator_name(); }

// Thread-safe; the result lives for ever.
const Operator& find_operator(const c10::OperatorHandle& op);

// Runtime keys of backends, by number.
using BackendSet = std::bitset<static_cast<std::size_t>(c10::DispatchKey::EndOfRuntimeBackendKeys) + 1>;

// The backends for which the operator has a kernel now.
BackendSet backends_with_kernel(const c10::OperatorHandle& op);

// The keys of all backends: where a CompositeImplicitAutograd operator may have a kernel of its own nevertheless.
c10::DispatchKeySet backend_keys();

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_OPERATOR_REGISTRY_H_
