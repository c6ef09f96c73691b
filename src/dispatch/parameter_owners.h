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

#include <array>
#include <atomic>
#include <cstdint>
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

  // A model that has been moved or cast since it was added has other storages. All of it, or nothing: it costs next to nothing to
  // ask where the first parameter's is known.
  void follow_move();

  bool empty() const { return owners_.empty(); }
  std::optional<attribution::ModuleId> owner_of(const c10::TensorImpl& tensor) const {
    const c10::StorageImpl* storage = storage_of(tensor);
    return storage != nullptr && sieve_.may_contain(storage) ? find(storage) : std::nullopt;
  }
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

  // A set of storages that says of most that are not in it that they are not, from one bit: every operator asks for all of its
  // tensors, and most are nobody's.
  class Sieve {
   public:
    void insert(const c10::StorageImpl* storage) { word_of(storage).fetch_or(bit_of(storage), std::memory_order_relaxed); }
    bool may_contain(const c10::StorageImpl* storage) const {
      return (const_cast<Sieve*>(this)->word_of(storage).load(std::memory_order_relaxed) & bit_of(storage)) != 0;
    }

   private:
    static constexpr int kBits = 14;  // of an index: 2 KiB, a false answer in 17 with a thousand parameters
    static std::uint64_t hash(const c10::StorageImpl* storage) {
      return (reinterpret_cast<std::uintptr_t>(storage) >> 4) * 0x9E3779B97F4A7C15ULL >> (64 - kBits);
    }
    static std::uint64_t bit_of(const c10::StorageImpl* storage) { return std::uint64_t{1} << (hash(storage) % 64); }
    std::atomic<std::uint64_t>& word_of(const c10::StorageImpl* storage) { return words_[hash(storage) / 64]; }

    std::array<std::atomic<std::uint64_t>, (1U << kBits) / 64> words_ = {};
  };

  static const c10::StorageImpl* storage_of(const c10::TensorImpl& tensor) {
    return tensor.has_storage() ? tensor.unsafe_storage().unsafeGetStorageImpl() : nullptr;
  }
  std::optional<attribution::ModuleId> find(const c10::StorageImpl* storage) const;
  void insert(Owners& owners, attribution::ModuleId module, const at::Tensor& tensor);

  Sieve sieve_;  // of all that is in owners_ or casts_
  Owners owners_;
  std::vector<Parameter> parameters_;
  mutable std::atomic<std::size_t> last_found_ = 0;

  std::atomic<bool> has_casts_ = false;
  mutable std::mutex mutex_;  // guards casts_
  Owners casts_;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_PARAMETER_OWNERS_H_
