// ParameterOwners: the module that owns a parameter or a buffer, found by the identity of its storage: a view of it has the same,
// and a cast of it is remembered.
//
// Thread-safety: add() before it is shared; everything else from any thread.
#ifndef TORCHTALLY_SRC_DISPATCH_PARAMETER_OWNERS_H_
#define TORCHTALLY_SRC_DISPATCH_PARAMETER_OWNERS_H_

#include <ATen/core/Tensor.h>
#include <c10/core/StorageImpl.h>
#include <c10/core/TensorImpl.h>
#include <c10/util/intrusive_ptr.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "attribution/place.h"

namespace torchtally::dispatch {

class ParameterOwners {
 public:
  // The first module that a shared parameter is added for owns it.
  void add(attribution::ModuleId module, const at::Tensor& parameter);
  // `cast` is made of a parameter of `module`: a copy in another type.
  void add_cast(attribution::ModuleId module, const at::Tensor& cast);

  bool empty() const { return owners_.empty(); }
  std::optional<attribution::ModuleId> owner_of(const c10::TensorImpl& tensor) const;
  // Of the parameter whose .grad this is. For 1.13, which does not tell the variable of an AccumulateGrad.
  std::optional<attribution::ModuleId> owner_of_gradient(const c10::TensorImpl& gradient) const;

 private:
  // Weak: the memory of a StorageImpl that is gone is not given to another one as long as we hold it, so that identity is exact.
  struct Owned {
    c10::weak_intrusive_ptr<c10::StorageImpl> storage;
    attribution::ModuleId module;
  };
  using Owners = absl::flat_hash_map<const c10::StorageImpl*, Owned>;
  struct Parameter {
    c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl> tensor;
    attribution::ModuleId module;
  };

  static const c10::StorageImpl* storage_of(const c10::TensorImpl& tensor);
  static void insert(Owners& owners, attribution::ModuleId module, const at::Tensor& tensor);

  Owners owners_;
  std::vector<Parameter> parameters_;
  mutable std::atomic<std::size_t> last_found_ = 0;

  std::atomic<bool> has_casts_ = false;
  mutable std::mutex mutex_;  // guards casts_
  Owners casts_;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_PARAMETER_OWNERS_H_
