#include "dispatch/typed_kernels.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/_reshape_alias_ops.h>
#include <ATen/ops/_unsafe_view_ops.h>
#include <ATen/ops/alias_ops.h>
#include <ATen/ops/as_strided_ops.h>
#include <ATen/ops/chunk_ops.h>
#include <ATen/ops/contiguous_ops.h>
#include <ATen/ops/detach_ops.h>
#include <ATen/ops/empty_ops.h>
#include <ATen/ops/expand_ops.h>
#include <ATen/ops/flatten_ops.h>
#include <ATen/ops/narrow_ops.h>
#include <ATen/ops/permute_ops.h>
#include <ATen/ops/reshape_ops.h>
#include <ATen/ops/select_ops.h>
#include <ATen/ops/slice_ops.h>
#include <ATen/ops/split_ops.h>
#include <ATen/ops/split_with_sizes_ops.h>
#include <ATen/ops/squeeze_ops.h>
#include <ATen/ops/t_ops.h>
#include <ATen/ops/transpose_ops.h>
#include <ATen/ops/unsqueeze_ops.h>
#include <ATen/ops/view_ops.h>
#include <torch/version.h>

#include "dispatch/typed_kernel.h"

namespace torchtally::dispatch {

void register_typed_views(torch::Library& library) {
  register_typed<at::_ops::_reshape_alias>(library);
  register_typed<at::_ops::_unsafe_view>(library);
  register_typed<at::_ops::alias>(library);
  register_typed<at::_ops::as_strided>(library);
  register_typed<at::_ops::chunk>(library);
  register_typed<at::_ops::contiguous>(library);
  register_typed<at::_ops::detach>(library);
  register_typed<at::_ops::empty_memory_format>(library);
  register_typed<at::_ops::expand>(library);
  register_typed<at::_ops::flatten_using_ints>(library);
  register_typed<at::_ops::narrow>(library);
  register_typed<at::_ops::permute>(library);
  register_typed<at::_ops::reshape>(library);
  register_typed<at::_ops::select_int>(library);
  register_typed<at::_ops::slice_Tensor>(library);
  register_typed<at::_ops::split_Tensor>(library);
  register_typed<at::_ops::split_with_sizes>(library);
  register_typed<at::_ops::squeeze_dim>(library);
  register_typed<at::_ops::t>(library);
  register_typed<at::_ops::transpose_int>(library);
  register_typed<at::_ops::unsqueeze>(library);
  register_typed<at::_ops::view>(library);
}

}  // namespace torchtally::dispatch
