// The backward of torchtally count --train.
#ifndef TORCHTALLY_SRC_CLI_TRAINING_H_
#define TORCHTALLY_SRC_CLI_TRAINING_H_

#include <ATen/core/ivalue.h>

namespace torchtally::cli {

// Runs the backward of the sum of all outputs that have a gradient, wherever in `output` they are. The sum itself, which is no
// part of the model, is not computed: its gradients are ones. Throws Failure if no output has a gradient.
void run_backward(const at::IValue& output);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_TRAINING_H_
