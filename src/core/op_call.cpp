#include "torchtally/op_call.h"

namespace torchtally {
namespace {

Traffic traffic_of(const OpSchema& schema, absl::Span<const Argument> arguments, absl::Span<const Argument> results) {
  Traffic traffic;
  const auto write = [&](const Argument& output) {
    traffic.bytes_written += output.bytes();
    traffic.elements_written += output.stored();
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const OpSchema::Parameter parameter = i < schema.parameters.size() ? schema.parameters[i] : OpSchema::Parameter();
    if (!parameter.is_out) traffic.bytes_read += arguments[i].bytes();
    if (results.empty() && (parameter.is_out || parameter.is_mutated)) write(arguments[i]);
  }
  for (const Argument& result : results) write(result);
  return traffic;
}

}  // namespace

OpCall::OpCall(const OpSchema& schema, absl::Span<const Argument> arguments, absl::Span<const Argument> results)
    : schema_(&schema), arguments_(arguments), results_(results), traffic_(traffic_of(schema, arguments, results)) {}

const Argument& OpCall::argument(std::string_view name) const {
  for (std::size_t i = 0; i < schema_->parameters.size(); ++i) {
    if (schema_->parameters[i].name == name) return argument(i);
  }
  return Argument::none();
}

}  // namespace torchtally
