// ParameterSet: the distinct parameters of a module and all below it.
#ifndef TORCHTALLY_SRC_DISPATCH_PARAMETER_SET_H_
#define TORCHTALLY_SRC_DISPATCH_PARAMETER_SET_H_

#include <ATen/core/Tensor.h>

#include "absl/container/flat_hash_set.h"
#include "torchtally/tally.h"

namespace torchtally::dispatch {

class ParameterSet {
 public:
  // A parameter that is there already counts once; an undefined one does not count.
  void insert(const at::Tensor& parameter) {
    if (!parameter.defined() || !known_.insert(parameter.unsafeGetTensorImpl()).second) return;
    const std::int64_t elements = parameter.numel();
    count_.total += elements;
    if (parameter.requires_grad()) count_.trainable += elements;
  }

  const ParameterCount& count() const { return count_; }

 private:
  absl::flat_hash_set<const at::TensorImpl*> known_;
  ParameterCount count_;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_PARAMETER_SET_H_
