// What a kernel does to its outputs before it writes them, by the names that fused kernels are given.
#ifndef TORCHTALLY_SRC_FORMULAS_FUSED_ACTIVATION_H_
#define TORCHTALLY_SRC_FORMULAS_FUSED_ACTIVATION_H_

#include <string_view>

#include "formulas/building_blocks.h"

namespace torchtally::formulas {

// `algorithm` tells the two kinds of gelu apart. A name that is not known costs nothing.
inline Work fused_activation(std::string_view name, std::string_view algorithm = {}) {
  struct Named {
    std::string_view name;
    Work each;
  };
  static constexpr Named kActivations[] = {
      {"relu", {1, 0}},        {"sigmoid", {0, 1}},   {"tanh", {0, 1}},       {"swish", {1, 1}},    {"silu", {1, 1}},
      {"hardsigmoid", {4, 0}}, {"hardswish", {5, 0}}, {"leaky_relu", {1, 0}}, {"hardtanh", {2, 0}},
  };
  if (name == "gelu") return algorithm == "tanh" ? kGeluTanh : kGelu;
  for (const Named& activation : kActivations) {
    if (activation.name == name) return activation.each;
  }
  return {};
}

// What follows oneDNN's products: of `attr`, or of `other` combined by `binary_attr` and then `unary_attr`.
inline void add_fused_pointwise(const OpCall& call, Cost& cost) {
  if (!call.tensor("other").defined()) {
    add_work(cost, cost.activations, fused_activation(call.argument("attr").string(), call.argument("algorithm").string()));
    return;
  }
  cost.flops += cost.activations * (scales(call.argument("alpha")) ? 2 : 1);
  add_work(cost, cost.activations,
           fused_activation(call.argument("unary_attr").string(), call.argument("unary_algorithm").string()));
}

}  // namespace torchtally::formulas

#endif  // TORCHTALLY_SRC_FORMULAS_FUSED_ACTIVATION_H_
