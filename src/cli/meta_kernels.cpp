#include "cli/meta_kernels.h"

#include <ATen/ExpandUtils.h>
#include <ATen/WrapDimUtils.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include <string>
#include <utility>
#include <vector>

namespace torchtally::cli {
namespace {

using at::Tensor;
using Arguments = c10::ArrayRef<c10::IValue>;
using Outputs = std::vector<Tensor>;
using Sizes = std::vector<std::int64_t>;

// Layouts are kept as kernels keep them: a gradient that is laid out otherwise than its parameter is copied.
Outputs like_self(Arguments arguments) { return {at::empty_like(arguments[0].toTensor())}; }

Sizes broadcast_sizes(Arguments arguments) {
  Sizes sizes;
  for (const c10::IValue& argument : arguments) sizes = at::infer_size(sizes, argument.toTensor().sizes());
  return sizes;
}

// where(condition, self, other), floor_divide(self, other)
Outputs broadcast(Arguments arguments) {
  const Sizes sizes = broadcast_sizes(arguments);
  const Tensor other = arguments[arguments.size() - 1].toTensor();
  const at::ScalarType dtype = at::result_type(arguments[arguments.size() - 2].toTensor(), other);
  return {other.new_empty(sizes, other.options().dtype(dtype))};
}

// where(condition, self, other, *, out): attention's softmax calls this one itself.
Outputs broadcast_out(Arguments arguments) {
  const Tensor out = arguments[3].toTensor();
  out.resize_(broadcast_sizes(arguments.slice(0, 3)));
  return {out};
}

// That of a CPU's convolution, and of its gradients.
at::MemoryFormat convolution_layout(const Tensor& input, const Tensor& weight) {
  const at::MemoryFormat last = input.dim() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
  const bool is_last = input.suggest_memory_format() == last || weight.suggest_memory_format() == last;
  return is_last ? last : at::MemoryFormat::Contiguous;
}

// convolution_overrideable(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)
Outputs convolution(Arguments arguments) {
  const Tensor input = arguments[0].toTensor();
  const Tensor weight = arguments[1].toTensor();
  const auto stride = arguments[3].toIntVector();
  const auto padding = arguments[4].toIntVector();
  const auto dilation = arguments[5].toIntVector();
  const bool transposed = arguments[6].toBool();
  const auto output_padding = arguments[7].toIntVector();
  const std::int64_t groups = arguments[8].toInt();
  Sizes sizes = {input.size(0), transposed ? weight.size(1) * groups : weight.size(0)};
  for (std::int64_t i = 2; i < input.dim(); ++i) {
    const std::int64_t d = i - 2;
    const std::int64_t reach = dilation[d] * (weight.size(i) - 1);
    sizes.push_back(transposed ? (input.size(i) - 1) * stride[d] - 2 * padding[d] + reach + output_padding[d] + 1
                               : (input.size(i) + 2 * padding[d] - reach - 1) / stride[d] + 1);
  }
  return {at::empty(sizes, input.options(), convolution_layout(input, weight))};
}

// (input, ..., training, momentum, eps): the saved statistics are empty where the running ones are used.
Outputs batch_norm(Arguments arguments) {
  const Tensor input = arguments[0].toTensor();
  const bool training = arguments[arguments.size() - 3].toBool();
  const Sizes saved = {training ? input.size(1) : 0};
  return {at::empty_like(input), input.new_empty(saved), input.new_empty(saved)};
}

// _adaptive_avg_pool{2,3}d(self, output_size)
Outputs adaptive_avg_pool(Arguments arguments) {
  const Tensor self = arguments[0].toTensor();
  const auto output_size = arguments[1].toIntVector();
  Sizes sizes(self.sizes().begin(), self.sizes().end() - static_cast<std::ptrdiff_t>(output_size.size()));
  sizes.insert(sizes.end(), output_size.begin(), output_size.end());
  return {at::empty(sizes, self.options(), self.suggest_memory_format())};
}

// max_pool3d_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode); one number stands for all three dimensions
// and no stride for that of the kernel.
Outputs max_pool3d(Arguments arguments) {
  const Tensor self = arguments[0].toTensor();
  const auto at_dimension = [&](std::size_t argument, std::size_t d) {
    const auto values = arguments[argument].toIntVector();
    return values.size() == 1 ? values[0] : values[d];
  };
  const bool ceil_mode = arguments[5].toBool();
  Sizes sizes = self.sizes().vec();
  for (std::size_t d = 0; d < 3; ++d) {
    std::int64_t& size = sizes[sizes.size() - 3 + d];
    const std::int64_t kernel = at_dimension(1, d);
    const std::int64_t stride = arguments[2].toIntVector().empty() ? kernel : at_dimension(2, d);
    const std::int64_t padding = at_dimension(3, d);
    const std::int64_t room = size + 2 * padding - at_dimension(4, d) * (kernel - 1) - 1;
    std::int64_t output = (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    if (ceil_mode && (output - 1) * stride >= size + padding) --output;  // the last window has to start inside
    size = output;
  }
  return {self.new_empty(sizes), self.new_empty(sizes, self.options().dtype(at::kLong))};
}

// grid_sampler_{2,3}d(input, grid, ...)
Outputs grid_sampler(Arguments arguments) {
  const Tensor input = arguments[0].toTensor();
  const Tensor grid = arguments[1].toTensor();
  Sizes sizes = {input.size(0), input.size(1)};
  for (std::int64_t i = 1; i + 1 < grid.dim(); ++i) sizes.push_back(grid.size(i));
  return {input.new_empty(sizes)};
}

// index_select(self, dim, index)
Outputs index_select(Arguments arguments) {
  const Tensor self = arguments[0].toTensor();
  Sizes sizes = self.sizes().vec();
  if (!sizes.empty()) sizes[at::maybe_wrap_dim(arguments[1].toInt(), self.dim())] = arguments[2].toTensor().numel();
  return {self.new_empty(sizes)};
}

// var(self, dim, *, correction, keepdim), var_mean
template <int kOutputs>
Outputs moments(Arguments arguments) {
  const Tensor self = arguments[0].toTensor();
  const auto dims = arguments[1].isNone() ? Sizes() : arguments[1].toIntVector();
  const bool keepdim = arguments[3].toBool();
  std::vector<bool> reduced(static_cast<std::size_t>(self.dim()), dims.empty());
  for (const std::int64_t dim : dims) reduced[at::maybe_wrap_dim(dim, self.dim())] = true;
  Sizes sizes;
  for (std::int64_t i = 0; i < self.dim(); ++i) {
    if (!reduced[i]) sizes.push_back(self.size(i));
    if (reduced[i] && keepdim) sizes.push_back(1);
  }
  return Outputs(kOutputs, self.new_empty(sizes));
}

// _native_multi_head_attention(query, key, value, embed_dim, num_head, ..., mask, need_weights, average_attn_weights, mask_type)
Outputs multi_head_attention(Arguments arguments) {
  const Tensor query = arguments[0].toTensor();
  if (!arguments[10].toBool()) return {query.new_empty(query.sizes()), Tensor()};
  const bool averaged = arguments[11].toBool();
  Sizes weights = {query.size(0), arguments[4].toInt(), query.size(1), query.size(1)};
  if (averaged) weights.erase(weights.begin() + 1);
  return {query.new_empty(query.sizes()), query.new_empty(weights)};
}

// A backward whose result is like the tensor that it is the gradient of.
template <std::size_t kOf>
Outputs gradient_of(Arguments arguments) {
  return {at::empty_like(arguments[kOf].toTensor())};
}

// Where output_mask, the last argument, asks for it: an optional gradient.
Tensor masked(Arguments arguments, std::size_t output, const Tensor& like, at::IntArrayRef sizes,
              at::MemoryFormat layout = at::MemoryFormat::Contiguous) {
  return arguments.back().toBoolList().get(output) ? at::empty(sizes, like.options(), layout) : Tensor();
}

// grid_sampler_{2,3}d_backward(grad_output, input, grid, ..., output_mask): the grid's gradient is always there.
Outputs grid_sampler_backward(Arguments arguments) {
  const Tensor input = arguments[1].toTensor();
  return {masked(arguments, 0, input, input.sizes()), at::empty_like(arguments[2].toTensor())};
}

// convolution_backward_overrideable(grad_output, input, weight, stride, ..., output_mask)
Outputs convolution_backward(Arguments arguments) {
  const Tensor gradient = arguments[0].toTensor();
  const Tensor input = arguments[1].toTensor();
  const Tensor weight = arguments[2].toTensor();
  const at::MemoryFormat layout = convolution_layout(input, weight);
  return {masked(arguments, 0, input, input.sizes(), layout), masked(arguments, 1, weight, weight.sizes(), layout),
          masked(arguments, 2, gradient, {gradient.size(1)})};
}

// native_batch_norm_backward(grad_out, input, weight, ..., output_mask)
Outputs batch_norm_backward(Arguments arguments) {
  const Tensor input = arguments[1].toTensor();
  const at::IntArrayRef channels = input.sizes().slice(1, 1);
  return {masked(arguments, 0, input, input.sizes(), input.suggest_memory_format()), masked(arguments, 1, input, channels),
          masked(arguments, 2, input, channels)};
}

// native_layer_norm_backward(grad_out, input, normalized_shape, mean, rstd, weight, bias, output_mask)
Outputs layer_norm_backward(Arguments arguments) {
  const Tensor input = arguments[1].toTensor();
  const auto normalized = arguments[2].toIntVector();
  return {masked(arguments, 0, input, input.sizes()), masked(arguments, 1, input, normalized),
          masked(arguments, 2, input, normalized)};
}

// embedding_dense_backward(grad_output, indices, num_weights, padding_idx, scale_grad_by_freq)
Outputs embedding_backward(Arguments arguments) {
  const Tensor gradient = arguments[0].toTensor();
  return {gradient.new_empty({arguments[2].toInt(), gradient.size(-1)})};
}

// native_dropout(input, p, train)
Outputs dropout(Arguments arguments) {
  const Tensor input = arguments[0].toTensor();
  return {at::empty_like(input), at::empty_like(input, input.options().dtype(at::kBool))};
}

template <Outputs (*shapes)(Arguments)>
void boxed(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const std::size_t count = op.schema().arguments().size();
  Outputs outputs = shapes(torch::jit::last(*stack, count));
  torch::jit::drop(*stack, count);
  for (Tensor& output : outputs) stack->emplace_back(std::move(output));
}

struct Kernel {
  const char* name;
  const char* overload;
  torch::CppFunction (*function)();
};

template <Outputs (*shapes)(Arguments)>
torch::CppFunction function() {
  return torch::CppFunction::makeFromBoxedFunction<boxed<shapes>>();
}

constexpr Kernel kKernels[] = {
    {"_adaptive_avg_pool2d", "", function<adaptive_avg_pool>},
    {"_adaptive_avg_pool2d_backward", "", function<gradient_of<1>>},
    {"_adaptive_avg_pool3d", "", function<adaptive_avg_pool>},
    {"_adaptive_avg_pool3d_backward", "", function<gradient_of<1>>},
    {"_native_batch_norm_legit", "", function<batch_norm>},
    {"_native_batch_norm_legit", "no_stats", function<batch_norm>},
    {"_native_multi_head_attention", "", function<multi_head_attention>},
    {"_prelu_kernel", "", function<like_self>},
    {"_transformer_encoder_layer_fwd", "", function<like_self>},
    {"convolution_backward_overrideable", "", function<convolution_backward>},
    {"convolution_overrideable", "", function<convolution>},
    {"embedding_dense_backward", "", function<embedding_backward>},
    {"flip", "", function<like_self>},
    {"floor_divide", "", function<broadcast>},
    {"grid_sampler_2d", "", function<grid_sampler>},
    {"grid_sampler_2d_backward", "", function<grid_sampler_backward>},
    {"grid_sampler_3d", "", function<grid_sampler>},
    {"grid_sampler_3d_backward", "", function<grid_sampler_backward>},
    {"hardswish", "", function<like_self>},
    {"hardswish_backward", "", function<gradient_of<1>>},
    {"hardtanh", "", function<like_self>},
    {"hardtanh_backward", "", function<gradient_of<1>>},
    {"index_select", "", function<index_select>},
    {"max_pool3d_with_indices", "", function<max_pool3d>},
    {"max_pool3d_with_indices_backward", "", function<gradient_of<1>>},
    {"native_batch_norm", "", function<batch_norm>},
    {"native_batch_norm_backward", "", function<batch_norm_backward>},
    {"native_dropout", "", function<dropout>},
    {"native_dropout_backward", "", function<gradient_of<0>>},
    {"native_layer_norm_backward", "", function<layer_norm_backward>},
    {"prelu", "", function<like_self>},
    {"relu", "", function<like_self>},
    {"roll", "", function<like_self>},
    {"var", "correction", function<moments<1>>},
    {"var_mean", "correction", function<moments<2>>},
    {"where", "self", function<broadcast>},
    {"where", "self_out", function<broadcast_out>},
};

// A kernel of the operator's own, or one that makes do with others for every backend. The overrideable convolutions have the
// latter only to say that somebody should override it.
bool has_kernel(const c10::OperatorHandle& op) {
  if (op.hasKernelForDispatchKey(c10::DispatchKey::Meta)) return true;
  const std::string& name = op.operator_name().name;
  if (name == "aten::convolution_overrideable" || name == "aten::convolution_backward_overrideable") return false;
  return op.hasKernelForDispatchKey(c10::DispatchKey::CompositeExplicitAutograd) ||
         op.hasKernelForDispatchKey(c10::DispatchKey::CompositeImplicitAutograd);
}

}  // namespace

void register_missing_meta_kernels() {
  // Never destroyed: other threads may still run when the process ends.
  static auto* library = new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
  for (const Kernel& kernel : kKernels) {
    const std::string name = std::string("aten::") + kernel.name;
    const auto op = c10::Dispatcher::singleton().findSchema({name, kernel.overload});
    if (!op || has_kernel(*op)) continue;
    library->impl((*kernel.overload != '\0' ? name + "." + kernel.overload : name).c_str(), kernel.function());
  }
}

}  // namespace torchtally::cli
