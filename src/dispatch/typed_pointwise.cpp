#include "dispatch/typed_kernels.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/_to_copy_ops.h>
#include <ATen/ops/add_ops.h>
#include <ATen/ops/addcdiv_ops.h>
#include <ATen/ops/addcmul_ops.h>
#include <ATen/ops/clamp_ops.h>
#include <ATen/ops/clone_ops.h>
#include <ATen/ops/copy_ops.h>
#include <ATen/ops/cumsum_ops.h>
#include <ATen/ops/div_ops.h>
#include <ATen/ops/dropout_ops.h>
#include <ATen/ops/eq_ops.h>
#include <ATen/ops/exp_ops.h>
#include <ATen/ops/fill_ops.h>
#include <ATen/ops/gelu_ops.h>
#include <ATen/ops/gt_ops.h>
#include <ATen/ops/hardswish_ops.h>
#include <ATen/ops/hardtanh_ops.h>
#include <ATen/ops/lerp_ops.h>
#include <ATen/ops/masked_fill_ops.h>
#include <ATen/ops/mean_ops.h>
#include <ATen/ops/mul_ops.h>
#include <ATen/ops/neg_ops.h>
#include <ATen/ops/pow_ops.h>
#include <ATen/ops/relu_ops.h>
#include <ATen/ops/rsqrt_ops.h>
#include <ATen/ops/sigmoid_ops.h>
#include <ATen/ops/silu_ops.h>
#include <ATen/ops/sqrt_ops.h>
#include <ATen/ops/sub_ops.h>
#include <ATen/ops/sum_ops.h>
#include <ATen/ops/tanh_ops.h>
#include <ATen/ops/threshold_backward_ops.h>
#include <ATen/ops/where_ops.h>
#include <ATen/ops/zero_ops.h>
#include <torch/version.h>

#include "dispatch/typed_kernel.h"

namespace torchtally::dispatch {

void register_typed_pointwise(torch::Library& library) {
  register_typed<at::_ops::_to_copy>(library);
  register_typed<at::_ops::add_Scalar>(library);
  register_typed<at::_ops::add_Tensor>(library);
  register_typed<at::_ops::add__Tensor>(library);
  register_typed<at::_ops::addcdiv_>(library);
  register_typed<at::_ops::addcmul_>(library);
  register_typed<at::_ops::clamp>(library);
  register_typed<at::_ops::clone>(library);
  register_typed<at::_ops::copy_>(library);
  register_typed<at::_ops::cumsum>(library);
  register_typed<at::_ops::div_Scalar>(library);
  register_typed<at::_ops::div_Tensor>(library);
  register_typed<at::_ops::div__Tensor>(library);
  register_typed<at::_ops::dropout>(library);
  register_typed<at::_ops::eq_Scalar>(library);
  register_typed<at::_ops::exp>(library);
  register_typed<at::_ops::fill__Scalar>(library);
  register_typed<at::_ops::gelu>(library);
  register_typed<at::_ops::gt_Scalar>(library);
  register_typed<at::_ops::hardswish_>(library);
  register_typed<at::_ops::hardtanh_>(library);
  register_typed<at::_ops::lerp__Scalar>(library);
  register_typed<at::_ops::masked_fill_Scalar>(library);
  register_typed<at::_ops::mean_dim>(library);
  register_typed<at::_ops::mul_Scalar>(library);
  register_typed<at::_ops::mul_Tensor>(library);
  register_typed<at::_ops::mul__Tensor>(library);
  register_typed<at::_ops::neg>(library);
  register_typed<at::_ops::pow_Tensor_Scalar>(library);
  register_typed<at::_ops::relu>(library);
  register_typed<at::_ops::relu_>(library);
  register_typed<at::_ops::rsqrt>(library);
  register_typed<at::_ops::sigmoid>(library);
  register_typed<at::_ops::silu>(library);
  register_typed<at::_ops::silu_>(library);
  register_typed<at::_ops::sqrt>(library);
  register_typed<at::_ops::sub_Tensor>(library);
  register_typed<at::_ops::sum_dim_IntList>(library);
  register_typed<at::_ops::tanh>(library);
  register_typed<at::_ops::threshold_backward>(library);
  register_typed<at::_ops::where_self>(library);
  register_typed<at::_ops::zero_>(library);
}

}  // namespace torchtally::dispatch
