#include "torchtally/op_call.h"

namespace torchtally {

const Argument& OpCall::argument(std::string_view name) const {
  for (std::size_t i = 0; i < schema_->parameters.size(); ++i) {
    if (schema_->parameters[i].name == name) return argument(i);
  }
  return kNoArgument;
}

}  // namespace torchtally
