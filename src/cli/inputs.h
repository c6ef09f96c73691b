// From what --input says to the values that forward() takes.
#ifndef TORCHTALLY_SRC_CLI_INPUTS_H_
#define TORCHTALLY_SRC_CLI_INPUTS_H_

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <c10/core/Device.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "cli/input_spec.h"

namespace torchtally::cli {

// By name: forward() takes any of its arguments that way.
using Arguments = std::unordered_map<std::string, c10::IValue>;

// "forward(x: Tensor, scale: float = 1.) -> Tensor", without self.
std::string signature_of(const c10::FunctionSchema& forward);

// Values of the types that `forward` (a method: its first argument is self) declares, on `device`. Random values are the same in
// every run. Throws Failure, naming the signature, if number, names or types do not fit; an argument with a default may be
// missing.
Arguments make_arguments(const c10::FunctionSchema& forward, const std::vector<InputSpec>& specs, c10::Device device);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_INPUTS_H_
