#include "dispatch/typed_kernels.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/_adaptive_avg_pool2d_ops.h>
#include <ATen/ops/_log_softmax_ops.h>
#include <ATen/ops/_softmax_ops.h>
#include <ATen/ops/addmm_ops.h>
#include <ATen/ops/avg_pool2d_ops.h>
#include <ATen/ops/baddbmm_ops.h>
#include <ATen/ops/bmm_ops.h>
#include <ATen/ops/cat_ops.h>
#include <ATen/ops/constant_pad_nd_ops.h>
#include <ATen/ops/convolution_backward_ops.h>
#include <ATen/ops/convolution_ops.h>
#include <ATen/ops/embedding_ops.h>
#include <ATen/ops/index_select_ops.h>
#include <ATen/ops/linear_ops.h>
#include <ATen/ops/matmul_ops.h>
#include <ATen/ops/max_pool2d_with_indices_ops.h>
#include <ATen/ops/mm_ops.h>
#include <ATen/ops/native_batch_norm_backward_ops.h>
#include <ATen/ops/native_batch_norm_ops.h>
#include <ATen/ops/native_group_norm_ops.h>
#include <ATen/ops/native_layer_norm_backward_ops.h>
#include <ATen/ops/native_layer_norm_ops.h>
#include <torch/version.h>
#if TORCH_VERSION_MAJOR >= 2
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu_ops.h>
#endif

#include "dispatch/typed_kernel.h"

namespace torchtally::dispatch {

void register_typed_layers(torch::Library& library) {
  register_typed<at::_ops::_adaptive_avg_pool2d>(library);
  register_typed<at::_ops::_log_softmax>(library);
  register_typed<at::_ops::_softmax>(library);
  register_typed<at::_ops::addmm>(library);
  register_typed<at::_ops::avg_pool2d>(library);
  register_typed<at::_ops::baddbmm>(library);
  register_typed<at::_ops::bmm>(library);
  register_typed<at::_ops::cat>(library);
  register_typed<at::_ops::constant_pad_nd>(library);
  register_typed<at::_ops::convolution>(library);
  register_typed<at::_ops::convolution_backward>(library);
  register_typed<at::_ops::embedding>(library);
  register_typed<at::_ops::index_select>(library);
  register_typed<at::_ops::linear>(library);
  register_typed<at::_ops::matmul>(library);
  register_typed<at::_ops::max_pool2d_with_indices>(library);
  register_typed<at::_ops::mm>(library);
  register_typed<at::_ops::native_batch_norm>(library);
  register_typed<at::_ops::native_batch_norm_backward>(library);
  register_typed<at::_ops::native_group_norm>(library);
  register_typed<at::_ops::native_layer_norm>(library);
  register_typed<at::_ops::native_layer_norm_backward>(library);
#if TORCH_VERSION_MAJOR >= 2
  register_typed<at::_ops::_scaled_dot_product_flash_attention_for_cpu>(library);
#endif
}

}  // namespace torchtally::dispatch
