#include "dispatch/parameter_owners.h"

#include <c10/core/UndefinedTensorImpl.h>

namespace torchtally::dispatch {
using attribution::ModuleId;

void ParameterOwners::insert(Owners& owners, ModuleId module, const at::Tensor& tensor) {
  const c10::StorageImpl* storage = tensor.defined() ? storage_of(*tensor.unsafeGetTensorImpl()) : nullptr;
  if (storage == nullptr || owners.contains(storage)) return;
  const auto& owned = tensor.unsafeGetTensorImpl()->unsafe_storage().getWeakStorageImpl();
  owners.emplace(storage, Owned{owned, module});
  sieve_.insert(storage);
}

void ParameterOwners::add(ModuleId module, const at::Tensor& parameter) {
  insert(owners_, module, parameter);
  if (parameter.defined()) {
    parameters_.push_back(
        {c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>(parameter.getIntrusivePtr()), module});
  }
}

void ParameterOwners::add_cast(ModuleId module, const at::Tensor& cast) {
  const std::lock_guard lock(mutex_);
  // Autocast makes them afresh in every step: those that are gone go when there are as many as there are parameters.
  if (casts_.size() > 2 * owners_.size()) {
    absl::erase_if(casts_, [](const auto& entry) { return entry.second.storage.expired(); });
  }
  insert(casts_, module, cast);
  has_casts_.store(true, std::memory_order_release);
}

void ParameterOwners::follow_move() {
  bool has_moved = false;
  for (const Parameter& parameter : parameters_) {
    const auto tensor = parameter.tensor.lock();
    if (!tensor) continue;
    if (!has_moved && owner_of(*tensor).has_value()) return;
    has_moved = true;
    add_cast(parameter.module, at::Tensor(tensor));
  }
}

std::optional<ModuleId> ParameterOwners::find(const c10::StorageImpl* storage) const {
  if (const auto found = owners_.find(storage); found != owners_.end()) return found->second.module;
  if (!has_casts_.load(std::memory_order_acquire)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = casts_.find(storage);
  return found == casts_.end() ? std::nullopt : std::optional(found->second.module);
}

std::optional<ModuleId> ParameterOwners::owner_of_gradient(const c10::TensorImpl& gradient) const {
  // A backward pass asks for one parameter after the other: the search goes on from the last one.
  const std::size_t count = parameters_.size();
  const std::size_t start = last_found_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    const Parameter& candidate = parameters_[(start + i) % count];
    const auto parameter = candidate.tensor.lock();
    if (!parameter || parameter->grad().unsafeGetTensorImpl() != &gradient) continue;
    last_found_.store((start + i) % count, std::memory_order_relaxed);
    return candidate.module;
  }
  return std::nullopt;
}

}  // namespace torchtally::dispatch
