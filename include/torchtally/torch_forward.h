// LibTorch's types that public headers name, declared: its own headers cost seconds to half a minute a file.
#ifndef TORCHTALLY_TORCH_FORWARD_H_
#define TORCHTALLY_TORCH_FORWARD_H_

namespace at {
class Tensor;
}
namespace torch {
namespace nn {
class Module;
}
namespace jit {
struct Module;
}
}  // namespace torch

#endif  // TORCHTALLY_TORCH_FORWARD_H_
