// call: calls a module of torch::nn in a scope of its own, and notes the sizes of what goes in and comes out.
//
//   torch::Tensor forward(torch::Tensor x) {
//     x = torchtally::call(conv1, x);              // a ModuleHolder or a module; conv1->forward(x)
//     x = torchtally::call(layers, x);             // Sequential: a scope for each of its modules
//     return torchtally::call_in_turn<torch::nn::LinearImpl>(heads, x);  // ModuleList: each, as that type, after the other
//   }
//
// Where no guard is alive it costs a few nanoseconds more than the call itself. Not part of torchtally.h, because it includes
// torch::nn's containers.
//
// Errors: what the module throws. Thread-safety: as the module's.
#ifndef TORCHTALLY_CALL_H_
#define TORCHTALLY_CALL_H_

#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/container/sequential.h>

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "torchtally/module_scope.h"

namespace torchtally {

namespace call_detail {

inline void add_sizes(const at::Tensor& tensor, TensorSizes& sizes) {
  if (tensor.defined()) sizes.push_back(tensor.sizes().vec());
}
inline void add_sizes(const std::vector<at::Tensor>& tensors, TensorSizes& sizes) {
  for (const at::Tensor& tensor : tensors) add_sizes(tensor, sizes);
}
template <typename... Values>
void add_sizes(const std::tuple<Values...>& values, TensorSizes& sizes);
template <typename First, typename Second>
void add_sizes(const std::pair<First, Second>& values, TensorSizes& sizes) {
  add_sizes(values.first, sizes);
  add_sizes(values.second, sizes);
}
// A value that holds no tensor that is known to be one.
template <typename Value>
std::enable_if_t<!std::is_convertible_v<const Value&, const at::Tensor&>> add_sizes(const Value& /*value*/,
                                                                                    TensorSizes& /*sizes*/) {}
template <typename... Values>
void add_sizes(const std::tuple<Values...>& values, TensorSizes& sizes) {
  std::apply([&](const auto&... each) { (add_sizes(each, sizes), ...); }, values);
}

template <typename... Values>
TensorSizes sizes_of(const Values&... values) {
  TensorSizes sizes;
  (add_sizes(values, sizes), ...);
  return sizes;
}

template <typename Forward, typename... Args>
auto call_in_scope(const torch::nn::Module& module, const Forward& forward, Args&&... args) {
  ModuleScope scope(module);
  if (!scope.is_counting()) return forward(std::forward<Args>(args)...);
  scope.set_input_sizes(sizes_of(args...));
  auto result = forward(std::forward<Args>(args)...);
  scope.set_output_sizes(sizes_of(result));
  return result;
}

}  // namespace call_detail

template <typename Result = at::Tensor, typename... Args>
Result call(torch::nn::AnyModule& module, Args&&... args);

// In a scope for each of its modules, and one for itself.
template <typename Result = at::Tensor, typename... Args>
Result call(torch::nn::SequentialImpl& modules, Args&&... args) {
  TORCH_CHECK(!modules.is_empty(), "torchtally::call: the Sequential is empty, so there is no result to return");
  const auto forward = [&modules](auto&&... first) {
    auto next = modules.begin();
    if (modules.size() == 1) return call<Result>(*next, std::forward<decltype(first)>(first)...);
    at::Tensor x = call(*next, std::forward<decltype(first)>(first)...);
    for (++next; std::next(next) != modules.end(); ++next) x = call(*next, std::move(x));
    return call<Result>(*next, std::move(x));
  };
  return call_detail::call_in_scope(modules, forward, std::forward<Args>(args)...);
}

template <typename Result, typename... Args>
Result call(torch::nn::AnyModule& module, Args&&... args) {
  const auto forward = [&module](auto&&... each) { return module.forward<Result>(std::forward<decltype(each)>(each)...); };
  return call_detail::call_in_scope(*module.ptr(), forward, std::forward<Args>(args)...);
}

// Any module with a forward().
template <typename Module, typename... Args,
          typename = std::enable_if_t<std::is_base_of_v<torch::nn::Module, Module> &&
                                      !std::is_base_of_v<torch::nn::SequentialImpl, Module>>>
auto call(Module& module, Args&&... args) {
  const auto forward = [&module](auto&&... each) { return module.forward(std::forward<decltype(each)>(each)...); };
  return call_detail::call_in_scope(module, forward, std::forward<Args>(args)...);
}

template <typename Module, typename... Args>
auto call(const torch::nn::ModuleHolder<Module>& module, Args&&... args) {
  return call(*module.ptr(), std::forward<Args>(args)...);
}

// The modules of a list, all of type `Module`, each with the result of the one before it.
template <typename Module, typename Value>
Value call_in_turn(const torch::nn::ModuleList& modules, Value x) {
  torch::nn::ModuleListImpl& list = *modules.ptr();
  ModuleScope scope(list);
  for (std::size_t i = 0; i < list.size(); ++i) x = call(list.at<Module>(i), std::move(x));
  return x;
}

}  // namespace torchtally

#endif  // TORCHTALLY_CALL_H_
