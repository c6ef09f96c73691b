// What LibTorch's errors mean, without their hundred lines.
#ifndef TORCHTALLY_SRC_CLI_TORCH_ERROR_H_
#define TORCHTALLY_SRC_CLI_TORCH_ERROR_H_

#include <exception>
#include <string>

namespace torchtally::cli {

// The sentence that says what went wrong: no stack, no listing of source code.
std::string summary_of(const std::exception& error);

// "torchvision::nms" or "the class foo.Bar" if loading failed because nobody has registered it; empty otherwise.
std::string unknown_name(const std::exception& error);

// "aten::lu_solve" if a run on meta tensors failed because that operator has no Meta kernel; empty otherwise.
std::string operator_without_meta_kernel(const std::exception& error);

// True if a tensor found no memory, on whatever device.
bool is_out_of_memory(const std::exception& error);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_TORCH_ERROR_H_
