// Reads the file of an input @file.pt.
#ifndef TORCHTALLY_SRC_CLI_SAVED_VALUE_H_
#define TORCHTALLY_SRC_CLI_SAVED_VALUE_H_

#include <ATen/core/ivalue.h>

#include <string>

namespace torchtally::cli {

// What torch.save(value, path) in Python or torch::save / torch::pickle_save in C++ wrote: tensors, numbers, text, and lists,
// tuples and dictionaries of them. Throws Failure.
c10::IValue read_saved_value(const std::string& path);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_SAVED_VALUE_H_
