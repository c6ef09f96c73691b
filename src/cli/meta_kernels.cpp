#include "cli/meta_kernels.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <string>
#include <vector>

namespace torchtally::cli {
namespace {

using at::Tensor;
using OptionalTensor = c10::optional<Tensor>;

// One dimension of a convolution's or pooling window's output.
std::int64_t window_output(std::int64_t input, std::int64_t kernel, std::int64_t stride, std::int64_t padding, std::int64_t dilation) {
  return (input + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

Tensor convolution(const Tensor& input, const Tensor& weight, const OptionalTensor&, at::IntArrayRef stride, at::IntArrayRef padding,
                   at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding, std::int64_t groups) {
  std::vector<std::int64_t> sizes = {input.size(0), transposed ? weight.size(1) * groups : weight.size(0)};
  for (std::int64_t i = 2; i < input.dim(); ++i) {
    const std::int64_t d = i - 2;
    sizes.push_back(transposed ? (input.size(i) - 1) * stride[d] - 2 * padding[d] + dilation[d] * (weight.size(i) - 1) + output_padding[d] + 1
                               : window_output(input.size(i), weight.size(i), stride[d], padding[d], dilation[d]));
  }
  return input.new_empty(sizes);
}

// Registers `kernel` for aten::`name`, unless the operator does not exist or has a Meta kernel.
template <typename Kernel>
void add(torch::Library& library, const char* name, Kernel kernel) {
  std::string full_name = std::string("aten::") + name;
  std::string overload;
  if (const std::size_t dot = full_name.find('.'); dot != std::string::npos) {
    overload = full_name.substr(dot + 1);
    full_name.erase(dot);
  }
  const auto op = c10::Dispatcher::singleton().findSchema({full_name, overload});
  if (op && !op->hasKernelForDispatchKey(c10::DispatchKey::Meta)) library.impl(name, kernel);
}

}  // namespace

void register_missing_meta_kernels() {
  // Never destroyed: other threads may still run when the process ends.
  static auto* library = new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
  add(*library, "convolution_overrideable", convolution);
}

}  // namespace torchtally::cli
