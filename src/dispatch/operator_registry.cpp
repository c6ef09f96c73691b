#include "dispatch/operator_registry.h"

#include <memory>
#include <mutex>

#include "absl/container/flat_hash_map.h"

namespace torchtally::dispatch {

Operator::Operator(const c10::OperatorHandle& op)
    : handle(op), name(op.operator_name().name), overload(op.operator_name().overload_name) {
  const auto& arguments = op.schema().arguments();
  parameter_names.reserve(arguments.size());
  for (const c10::Argument& argument : arguments) {
    const bool is_written = argument.alias_info() != nullptr && argument.alias_info()->isWrite();
    OpSchema::Parameter parameter;
    parameter.name = parameter_names.emplace_back(argument.name());
    parameter.is_out = is_written && argument.is_out();
    parameter.is_mutated = is_written && !argument.is_out();
    parameters.push_back(parameter);
  }
  schema = {name, overload, parameters};
  result_count = op.schema().returns().size();
  is_composite = decomposes(op);
}

const Operator& find_operator(const c10::OperatorHandle& op) {
  // Never freed: kernels of other threads may still run while the process ends.
  static auto& mutex = *new std::mutex;
  static auto& operators = *new absl::flat_hash_map<OperatorKey, std::unique_ptr<Operator>>;
  const std::lock_guard lock(mutex);
  std::unique_ptr<Operator>& known = operators[key_of(op)];
  const bool is_current =
      known != nullptr && known->name == op.operator_name().name && known->overload == op.operator_name().overload_name;
  if (!is_current) {
    // A library was unloaded and another operator took its place: slots may still point to the old one, so it stays.
    static_cast<void>(known.release());
    known = std::make_unique<Operator>(op);
  }
  return *known;
}

c10::DispatchKeySet backend_keys() {
  static const c10::DispatchKeySet keys = c10::getRuntimeDispatchKeySet(c10::DispatchKey::CompositeExplicitAutograd) |
                                          c10::DispatchKeySet(c10::DispatchKey::NestedTensor);
  return keys;
}

BackendSet backends_with_kernel(const c10::OperatorHandle& op) {
  BackendSet backends;
  if (!op.hasKernelForAnyDispatchKey(backend_keys())) return backends;
  for (std::size_t key = 1; key < backends.size(); ++key) {
    const auto backend = static_cast<c10::DispatchKey>(key);
    backends[key] = backend_keys().has(backend) && op.hasKernelForDispatchKey(backend);
  }
  return backends;
}

}  // namespace torchtally::dispatch
