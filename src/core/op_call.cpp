#include "torchtally/op_call.h"

namespace torchtally {
namespace {

constexpr Argument kNoArgument;

template <typename Measure>
Count sum_over(const Argument& argument, Measure measure) {
  Count sum;
  for (const TensorView& tensor : argument.tensors()) sum += measure(tensor);
  return sum;
}

template <typename Measure>
Count sum_over_outputs(const OpCall& call, absl::Span<const OpSchema::Parameter> parameters, Measure measure) {
  Count sum;
  for (const Argument& result : call.results()) sum += sum_over(result, measure);
  if (!call.results().empty()) return sum;
  for (std::size_t i = 0; i < call.arguments().size() && i < parameters.size(); ++i) {
    if (parameters[i].is_mutated || parameters[i].is_out) sum += sum_over(call.arguments()[i], measure);
  }
  return sum;
}

}  // namespace

const Argument& OpCall::argument(std::size_t index) const {
  return index < arguments_.size() ? arguments_[index] : kNoArgument;
}

const Argument& OpCall::argument(std::string_view name) const {
  for (std::size_t i = 0; i < schema_->parameters.size(); ++i) {
    if (schema_->parameters[i].name == name) return argument(i);
  }
  return kNoArgument;
}

TensorView OpCall::output(std::size_t index) const { return index < results_.size() ? results_[index].tensor() : TensorView(); }

Count OpCall::input_bytes() const {
  Count sum;
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    const bool is_read = i >= schema_->parameters.size() || !schema_->parameters[i].is_out;
    if (is_read) sum += sum_over(arguments_[i], [](const TensorView& t) { return t.bytes(); });
  }
  return sum;
}

Count OpCall::output_bytes() const {
  return sum_over_outputs(*this, schema_->parameters, [](const TensorView& t) { return t.bytes(); });
}

Count OpCall::output_elements() const {
  return sum_over_outputs(*this, schema_->parameters, [](const TensorView& t) { return t.numel(); });
}

}  // namespace torchtally
