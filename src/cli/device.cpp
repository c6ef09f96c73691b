#include "cli/device.h"

#include <ATen/Context.h>
#include <torch/version.h>

#include "cli/failure.h"

namespace torchtally::cli {

c10::Device find_device(Device device) {
  if (device == Device::kCuda && !at::Context::hasCUDA()) {
    throw Failure("--device cuda: this LibTorch (" TORCH_VERSION
                  ") finds no CUDA device\n  Use --device cpu, or let torchtally count --device meta count without computing.");
  }
  return device == Device::kCuda   ? c10::Device(c10::kCUDA)
         : device == Device::kMeta ? c10::Device(c10::kMeta)
                                   : c10::Device(c10::kCPU);
}

}  // namespace torchtally::cli
