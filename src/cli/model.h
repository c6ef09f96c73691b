// Loads what MODEL names.
#ifndef TORCHTALLY_SRC_CLI_MODEL_H_
#define TORCHTALLY_SRC_CLI_MODEL_H_

#include <c10/core/Device.h>
#include <torch/csrc/jit/api/module.h>

#include <string>

#include "cli/progress.h"

namespace torchtally::cli {

// The TorchScript archive at `path`, on `device`, in evaluation mode. Throws Failure, which tells a file that is not there from
// one that is no archive and from one whose operators are not known.
torch::jit::Module load_model(const std::string& path, c10::Device device, Progress& progress);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_MODEL_H_
