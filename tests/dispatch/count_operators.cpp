// Runs operators of all kinds, each under a guard of its own, and prints what each counts: a line with its name and its tally
// as JSON; and then once more repeatedly, which must count as often as much. paths_test compares what comes out with typed
// kernels and without.
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/version.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "torchtally/counting_guard.h"
#include "torchtally/module_scope.h"
#include "torchtally/report.h"

namespace {

using at::Tensor;

void print(const std::string& name, const torchtally::CountingGuard& guard) {
  std::string json = torchtally::to_json(guard.tally());
  json.erase(std::remove(json.begin(), json.end(), '\n'), json.end());
  std::cout << name << ' ' << json << '\n';
}

// Two training steps of a small network: forward, loss, backward, SGD with momentum.
void train() {
  std::vector<Tensor> weights = {at::ones({6, 1, 3, 3}), at::ones({6}), at::ones({10, 54}), at::ones({10})};
  std::vector<Tensor> momenta;
  for (Tensor& weight : weights) momenta.push_back(at::zeros_like(weight.requires_grad_()));
  for (int step = 0; step < 2; ++step) {
    Tensor x = at::ones({4, 1, 8, 8});
    {
      torchtally::ModuleScope scope("conv");
      x = at::relu(at::conv2d(x, weights[0], weights[1]));
    }
    x = at::dropout(at::max_pool2d(x, 2), 0.5, true);
    {
      torchtally::ModuleScope scope("fc");
      x = at::linear(x.flatten(1), weights[2], weights[3]);
    }
    at::nll_loss(at::log_softmax(x, 1), at::zeros({4}, at::kLong)).backward();
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      momenta[i].mul_(0.9).add_(weights[i].grad());
      weights[i].add_(momenta[i], -0.1);
      weights[i].grad().zero_();
    }
  }
}

std::map<std::string, std::function<void()>> cases() {
  const Tensor x = at::ones({4, 6});
  const Tensor y = at::ones({6, 5});
  const Tensor wide = at::ones({1, 6}).expand({4, 6});
  const Tensor half = at::ones({4, 6}, at::kBFloat16);
  const Tensor whole = at::ones({4, 6}, at::kLong);
  const Tensor complex = at::ones({4, 6}, at::kComplexFloat);
  const Tensor image = at::ones({2, 4, 9, 9});
  const Tensor kernel = at::ones({8, 4, 3, 3});
  const Tensor batch = at::ones({3, 4, 6});
  const Tensor positions = at::zeros({5}, at::kLong);
  const Tensor mask = x > 0;
  const Tensor nothing;
  c10::List<c10::optional<Tensor>> indices;
  indices.push_back(c10::optional<Tensor>());
  indices.push_back(c10::optional<Tensor>(positions));
  return {
      {"_adaptive_avg_pool2d",
       [=] {
         at::adaptive_avg_pool2d(image, {3, 3});
       }},
      {"_log_softmax", [=] { at::log_softmax(x, 1); }},
      {"_softmax", [=] { at::softmax(half, 1); }},
      {"_softmax_to_another_type", [=] { at::softmax(x, 1, at::kDouble); }},
      {"_to_copy", [=] { x.to(at::kDouble); }},
      {"add", [=] { at::add(x, wide, 2); }},
      {"add_", [=] { x.clone().add_(wide); }},
      {"add_complex", [=] { at::add(complex, x); }},
      {"add_of_types", [=] { at::add(half, whole); }},
      {"add_out",
       [=] {
         Tensor out = at::empty({0});
         at::add_out(out, x, wide);
       }},
      {"add_scalar", [=] { at::add(x, 1.5); }},
      {"addcdiv", [=] { x.clone().addcdiv_(x, x, 2); }},
      {"addcmul", [=] { x.clone().addcmul_(x, x); }},
      {"addmm", [=] { at::addmm(at::ones({5}), x, y, 0.5, 2); }},
      {"addmm_without_self", [=] { at::addmm(at::ones({5}), x, y, 0); }},
      {"addmv_", [=] { at::ones({4}).addmv_(x, at::ones({6})); }},
      {"alias", [=] { at::alias(x); }},
      {"all_of_nothing",
       [=] {
         at::sum(at::ones({0, 3}));
       }},
      {"amax",
       [=] {
         at::amax(x, {0, 1}, true);
       }},
      {"as_strided",
       [=] {
         x.as_strided({2, 2}, {1, 2});
       }},
      {"avg_pool2d",
       [=] {
         at::avg_pool2d(image, {2, 2});
       }},
      {"baddbmm",
       [=] {
         at::baddbmm(at::ones({3, 4, 4}), batch, batch.transpose(1, 2));
       }},
      {"batch_norm",
       [=] { at::batch_norm(image, at::ones({4}), nothing, at::zeros({4}), at::ones({4}), true, 0.1, 1e-5, false); }},
      {"batch_norm_inference",
       [=] { at::batch_norm(image, nothing, nothing, at::zeros({4}), at::ones({4}), false, 0.1, 1e-5, false); }},
      {"bernoulli",
       [=] {
         at::bernoulli(x, 0.5);
         x.clone().normal_(1, 2);
       }},
      {"bmm", [=] { at::bmm(batch, batch.transpose(1, 2)); }},
      {"cat",
       [=] {
         at::cat({x, wide, half}, 0);
       }},
      {"chunk", [=] { x.chunk(2, 1); }},
      {"clamp", [=] { at::clamp(x, 0); }},
      {"clamp_both", [=] { at::clamp(x, 0, 1); }},
      {"clone", [=] { wide.clone(); }},
      {"constant_pad_nd",
       [=] {
         at::constant_pad_nd(image, {1, 1});
       }},
      {"contiguous", [=] { y.t().contiguous(); }},
      {"conv1d",
       [=] {
         at::conv1d(batch, at::ones({2, 4, 3}));
       }},
      {"conv_transpose2d",
       [=] {
         at::conv_transpose2d(image, at::ones({4, 2, 3, 3}), nothing, 2);
       }},
      {"convolution", [=] { at::conv2d(image, kernel, at::ones({8}), 2, 1); }},
      {"convolution_in_groups",
       [=] {
         at::conv2d(image, at::ones({8, 2, 3, 3}), nothing, {1, 1}, at::IntArrayRef({0, 0}), {1, 1}, 2);
       }},
      {"copy_",
       [=] {
         at::empty({4, 6}, at::kDouble).copy_(wide);
       }},
      {"cumsum", [=] { at::cumsum(x, 0); }},
      {"cumsum_to_another_type", [=] { at::cumsum(half, 0, at::kFloat); }},
      {"detach", [=] { x.detach(); }},
      {"div", [=] { at::div(x, wide); }},
      {"div_", [=] { x.clone().div_(x); }},
      {"div_rounding", [=] { at::div(x, x, "floor"); }},
      {"div_scalar", [=] { at::div(x, 2); }},
      {"dropout", [=] { at::dropout(x, 0.5, true); }},
      {"dropout_in_evaluation", [=] { at::dropout(x, 0.5, false); }},
      {"einsum",
       [=] {
         at::einsum("ij,jk->ik", {x, y});
       }},
      {"embedding", [=] { at::embedding(x, positions); }},
      {"erfinv", [=] { at::erfinv(wide); }},
      {"erfinv_complex_or_whole",
       [=] {
         at::erfinv(whole);
         at::reciprocal(complex);
       }},
      {"erfinv_out",
       [=] {
         Tensor out = at::empty({0});
         at::erfinv_out(out, x);
       }},
      {"eq", [=] { at::eq(x, 1); }},
      {"exp", [=] { at::exp(x); }},
      {"expand",
       [=] {
         at::ones({1, 6}).expand({4, 6});
       }},
      {"fill_", [=] { at::empty({3}).fill_(2); }},
      {"flip",
       [=] {
         at::flip(x, {0, 1});
       }},
      {"foreach_add",
       [=] {
         at::_foreach_add({x, wide}, 1);
       }},
      {"foreach_addcdiv_",
       [=] {
         std::vector<Tensor> written = {x.clone(), y.clone()};
         at::_foreach_addcdiv_(written, {x, y}, {x, y}, std::vector<at::Scalar>{0.5, 2});
       }},
      {"foreach_sqrt_",
       [=] {
         std::vector<Tensor> written = {x.clone(), half.clone(), y.clone().t()};
         at::_foreach_sqrt_(written);
       }},
      {"gelu", [=] { at::gelu(x, "tanh"); }},
      {"group_norm", [=] { at::group_norm(image, 2, at::ones({4}), at::ones({4})); }},
      {"gt", [=] { at::gt(x, 1); }},
      {"hardswish_",
       [=] {
         Tensor z = at::ones({3});
         at::hardswish_(z);
         at::hardtanh_(z);
       }},
      {"index", [=] { at::index(x, indices); }},
      {"index_select", [=] { at::index_select(x, 1, positions); }},
      {"layer_norm", [=] { at::layer_norm(x, {6}, at::ones({6}), at::ones({6})); }},
      {"lerp", [=] { at::lerp(x, wide, 0.5); }},
      {"lerp_", [=] { x.clone().lerp_(x, 0.5); }},
      {"linear",
       [=] {
         at::linear(batch, at::ones({5, 6}), at::ones({5}));
       }},
      {"linear_in_double",
       [=] {
         at::linear(x.to(at::kDouble), at::ones({5, 6}, at::kDouble));
       }},
      {"lstm_cell",
       [=] {
         at::lstm_cell(x, {at::ones({4, 3}), at::ones({4, 3})}, at::ones({12, 6}), at::ones({12, 3}));
       }},
      {"masked_fill", [=] { at::masked_fill(x, mask, 0); }},
      {"masked_select", [=] { at::masked_select(x, mask); }},
      {"matmul", [=] { at::matmul(batch, y); }},
      {"matmul_of_vectors", [=] { at::matmul(at::ones({6}), at::ones({6})); }},
      {"max_pool2d",
       [=] {
         at::max_pool2d_with_indices(image, {3, 3}, {2, 2});
       }},
      {"max_out",
       [=] {
         Tensor values = at::empty({0});
         Tensor indices = at::empty({0}, at::kLong);
         at::max_out(values, indices, x, 1, true);
       }},
      {"mean", [=] { at::mean(x, 1); }},
      {"mean_of_all",
       [=] {
         at::mean(whole, at::IntArrayRef({0, 1}), false, at::kFloat);
       }},
      {"mm", [=] { at::mm(x, y); }},
      {"mm_complex", [=] { at::mm(complex, complex.t()); }},
      {"mm_out",
       [=] {
         Tensor out = at::empty({5, 4}).t();
         at::mm_out(out, x, y);
       }},
      {"mm_transposed", [=] { at::mm(y.t(), x.t()); }},
      {"mul", [=] { at::mul(x, wide); }},
      {"mul_", [=] { x.clone().mul_(2); }},
      {"mul_by_a_number_in_a_tensor", [=] { at::mul(x, at::ones({}, at::kDouble)); }},
      {"narrow", [=] { x.narrow(0, 1, 2); }},
      {"neg", [=] { at::neg(x); }},
      {"nonzero", [=] { at::nonzero(x); }},
      {"permute",
       [=] {
         image.permute({0, 2, 3, 1}).reshape({-1});
       }},
      {"pow",
       [=] {
         at::pow(x, 2);
         at::pow(x, 0.5);
         at::pow(x, 3.5);
       }},
      {"prod", [=] { at::prod(half, 0, false, at::kDouble); }},
      {"relu_",
       [=] {
         Tensor z = at::ones({3});
         at::relu(z);
         at::relu_(z);
       }},
      {"reshape",
       [=] {
         x.reshape({6, 4});
         wide.reshape({24});
       }},
      {"resize_",
       [=] {
         x.clone().resize_({4, 5});
       }},
      {"rsqrt", [=] { at::rsqrt(at::sqrt(x)); }},
      {"scaled_dot_product",
       [=] {
         const Tensor q = at::ones({1, 2, 4, 8});
#if TORCH_VERSION_MAJOR >= 2
         at::scaled_dot_product_attention(q, q, q);
#else
         at::_scaled_dot_product_attention(q, q, q, {}, 0.0, false, false);
#endif
       }},
      {"scatter_add_",
       [=] {
         x.clone().scatter_add_(0, at::zeros({2, 6}, at::kLong), x);
       }},
      {"select", [=] { x.select(0, 1).unsqueeze(0).squeeze(0); }},
      {"sigmoid", [=] { at::tanh(at::sigmoid(x)); }},
      {"silu_",
       [=] {
         Tensor z = at::silu(x);
         at::silu_(z);
       }},
      {"slice", [=] { x.slice(0, 1, 4, 2); }},
      {"sort", [=] { at::sort(x, 1); }},
      {"sparse", [=] { at::mm(at::eye(4).to_sparse(), x); }},
      {"split",
       [=] {
         x.split(2, 1);
         x.split_with_sizes({1, 5}, 1);
       }},
      {"stack",
       [=] {
         at::stack({x, wide});
       }},
      {"std_of_a_view", [=] { at::var(x.t(), 0); }},
      {"sub",
       [=] {
         at::sub(x, x, 2);
         at::rsub(x, 1);
       }},
      {"sum",
       [=] {
         at::sum(x, 1);
         at::sum(wide);
       }},
      {"sum_to_another_type", [=] { at::sum(half, {0}, false, at::kDouble); }},
      {"throws",
       [=] {
         try {
           at::mm(x, x);
         } catch (const c10::Error&) {
         }
       }},
      {"train", train},
      {"tril", [=] { at::tril(x, 1); }},
      {"undefined_gradients",
       [=] {
         const Tensor w = at::ones({4}).requires_grad_();
         at::layer_norm(x, {6}, at::ones({6}).requires_grad_()).sum().backward();
         at::group_norm(image, 2, w).sum().backward();
         at::batch_norm(image, w, nothing, {}, {}, true, 0.1, 1e-5, false).sum().backward();
       }},
      {"upsample_bilinear2d",
       [=] {
         at::upsample_bilinear2d(image, {18, 18}, false);
       }},
      {"view",
       [=] {
         x.view({24}).view({2, 12}).t();
       }},
      {"where", [=] { at::where(mask, x, wide); }},
      {"zero_", [=] { at::empty({3}).zero_(); }},
  };
}

}  // namespace

int main() {
  constexpr int kRepeats = 6;  // beyond the second call of its kind an operator's cost is remembered
  std::string wrongly_repeated;
  for (const auto& [name, run] : cases()) {
    const torchtally::CountingGuard once;
    run();
    print(name, once);
    const torchtally::Cost cost = once.tally().total();
    const torchtally::CountingGuard repeated;
    for (int i = 0; i < kRepeats; ++i) run();
    if (repeated.tally().total() != cost * kRepeats) wrongly_repeated += name + ' ';
  }
  std::cout << "wrongly_repeated " << wrongly_repeated << '\n';
  // One that has a kernel of its own, and of those that share theirs one of each kind.
  for (const auto& [name, overload] : {std::pair("aten::mm", ""),
                                       {"aten::erfinv", ""},
                                       {"aten::add", "out"},
                                       {"aten::max", "dim_max"},
                                       {"aten::_foreach_add_", "Scalar"}}) {
    const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
    std::cout << "typed:" << name << ' ' << (op.hasKernelForDispatchKey(c10::DispatchKey::DeferredInit) ? "yes" : "no") << '\n';
  }
  return 0;
}
