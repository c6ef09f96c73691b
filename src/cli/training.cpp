#include "cli/training.h"

#include <ATen/ops/ones_like.h>
#include <torch/csrc/autograd/autograd.h>

#include <vector>

#include "cli/failure.h"
#include "torchtally/counting_guard.h"

namespace torchtally::cli {

void run_backward(const at::IValue& output) {
  std::vector<at::Tensor> outputs;
  output.visit([&outputs](const at::IValue& value) {
    if (value.isTensor() && value.toTensor().defined() && value.toTensor().requires_grad()) outputs.push_back(value.toTensor());
    return false;  // and on with what is inside
  });
  if (outputs.empty()) {
    throw Failure(
        "--train: no output of the model has a gradient\n  Its parameters are frozen, or it returns no floating-point tensor "
        "that "
        "depends on them.");
  }
  std::vector<at::Tensor> gradients;
  {
    const PauseCounting pause;
    for (const at::Tensor& tensor : outputs) gradients.push_back(at::ones_like(tensor));
  }
  torch::autograd::backward(outputs, gradients);
}

}  // namespace torchtally::cli
