// TypedCall: the arguments and results of a typed kernel, as a formula sees them. Most formulas need no more than the sums over
// all tensors, which are taken from the tensors themselves; the rest is made when it is asked for.
#ifndef TORCHTALLY_SRC_DISPATCH_TYPED_CALL_H_
#define TORCHTALLY_SRC_DISPATCH_TYPED_CALL_H_

#include <array>
#include <bitset>
#include <tuple>
#include <type_traits>

#include "dispatch/imprint.h"
#include "dispatch/remembered_call.h"
#include "dispatch/typed_argument.h"
#include "torchtally/op_call.h"

namespace torchtally::dispatch {

// Values of known types, and the views of those that have been asked for.
template <typename... Values>
class LazyArguments {
 public:
  static constexpr std::size_t kCount = sizeof...(Values);

  explicit LazyArguments(const Values&... values) : values_{&values...} {}

  const Argument& get(std::size_t index) {
    if (index >= kCount) return Argument::none();
    if (!is_made_[index]) {
      ::new (static_cast<void*>(&made_[index])) Argument(kMakers[index](values_[index], arena_));
      is_made_[index] = true;
    }
    return made_[index];
  }

  absl::Span<const Argument> all() {
    for (std::size_t i = 0; i < kCount; ++i) get(i);
    return {made_.data(), kCount};
  }

 private:
  using Maker = Argument (*)(const void* value, CallArena& arena);

  template <typename Value>
  static Argument make(const void* value, CallArena& arena) {
    return borrow_argument(*static_cast<const Value*>(value), arena);
  }
  static constexpr std::array<Maker, kCount> kMakers = {&make<Values>...};

  const std::array<const void*, kCount> values_;
  std::bitset<kCount> is_made_;
  CallArena arena_;
  // Not initialized until asked for.
  union {
    std::array<Argument, kCount> made_;
  };
};

// What the tensors of a value add to `bytes` and `elements`. Values that hold no tensors add nothing.
template <typename Value>
void add_tensors(const Value& value, Count& bytes, Count& elements) {
  if constexpr (typed_argument::IsOptional<Value>::value) {
    if (value.has_value()) add_tensors(*value, bytes, elements);
  } else if constexpr (std::is_same_v<Value, at::Tensor>) {
    if (!value.defined()) return;
    const c10::TensorImpl& impl = *value.unsafeGetTensorImpl();
    if (C10_LIKELY(is_plain(impl) && impl.is_non_overlapping_and_dense())) {
      // A dense tensor's size in bytes is checked where it is made.
      const std::int64_t n = impl.numel();
      elements += n;
      bytes += n * element_size(dtype_of(impl));
    } else {
      CallArena arena;
      const TensorView view = borrow_view(value, arena);
      elements += view.stored();
      bytes += view.bytes();
    }
  } else if constexpr (typed_argument::IsTensorList<Value>::value) {
    for (const at::Tensor& tensor : value) add_tensors(tensor, bytes, elements);
  } else if constexpr (std::is_same_v<Value, c10::List<compat::optional<at::Tensor>>>) {
    for (std::size_t i = 0; i < value.size(); ++i) add_tensors(value.get(i), bytes, elements);
  }
}

// Arguments of which an imprint has all: where every argument is such, the results follow from them. (A dtype, a device or a
// generator it does not see.)
template <typename T>
struct IsSeen
    : std::disjunction<std::is_same<T, at::Tensor>, typed_argument::IsTensorList<T>, std::is_same<T, std::int64_t>,
                       std::is_same<T, bool>, std::is_same<T, double>, std::is_same<T, c10::SymInt>, std::is_same<T, c10::Scalar>,
                       std::is_same<T, c10::IntArrayRef>, std::is_same<T, c10::SymIntArrayRef>, typed_argument::IsBoolArray<T>> {
};
template <typename T>
struct IsSeen<compat::optional<T>> : IsSeen<T> {};
template <typename T>
struct IsSeen<c10::OptionalArrayRef<T>> : std::true_type {};

// The results of an operator: one value, or a tuple of them.
template <typename Result>
struct ResultsOf {
  using Lazy = LazyArguments<Result>;
  static Lazy make(const Result& result) { return Lazy(result); }
  static void add(const Result& result, Count& bytes, Count& elements) { add_tensors(result, bytes, elements); }
  C10_ALWAYS_INLINE static bool match(ImprintReader& reader, const Result& result) { return reader.matches(result); }
};
template <typename... Results>
struct ResultsOf<std::tuple<Results...>> {
  using Lazy = LazyArguments<std::decay_t<Results>...>;
  static Lazy make(const std::tuple<Results...>& results) {
    return std::apply([](const auto&... each) { return Lazy(each...); }, results);
  }
  static void add(const std::tuple<Results...>& results, Count& bytes, Count& elements) {
    std::apply([&](const auto&... each) { (add_tensors(each, bytes, elements), ...); }, results);
  }
  C10_ALWAYS_INLINE static bool match(ImprintReader& reader, const std::tuple<Results...>& results) {
    return std::apply([&](const auto&... each) { return (reader.matches(each) && ...); }, results);
  }
};

template <typename Result, typename... Args>
class TypedCall final : public ArgumentSource {
  using Results = ResultsOf<std::remove_const_t<Result>>;

 public:
  // Both must outlive this.
  explicit TypedCall(const Result& result, const Args&... args) : arguments_(args...), results_(Results::make(result)) {
    Count elements_read;
    (add_tensors(args, traffic_.bytes_read, elements_read), ...);
    Results::add(result, traffic_.bytes_written, traffic_.elements_written);
  }

  const Traffic& traffic() const { return traffic_; }

  // Whether the call is like one that is remembered.
  // `kResultsFollow`: from the arguments, where an imprint has all of those. `is_in_place`: the result is one of the arguments.
  // Flattened: LibTorch's small functions would be calls.
  template <bool kResultsFollow>
  [[gnu::flatten, gnu::noinline]] static bool repeats(const RememberedCall& call, bool is_in_place, const Result& result,
                                                      const Args&... args) {
    ImprintReader reader(call.imprint());
    if (!(reader.matches(args) && ...)) return false;
    if (is_in_place) return true;
    if constexpr (kResultsFollow && std::is_same_v<std::remove_const_t<Result>, at::Tensor> &&
                  std::conjunction_v<IsSeen<Args>...>) {
      // But for the dtype, which may depend on the default one.
      return result.unsafeGetTensorImpl()->dtype().isScalarType(reader.next_dtype());
    } else {
      return Results::match(reader, result);
    }
  }

  const Argument& argument(std::size_t index) override { return arguments_.get(index); }
  const Argument& result(std::size_t index) override { return results_.get(index); }
  absl::Span<const Argument> arguments() override { return arguments_.all(); }
  absl::Span<const Argument> results() override { return results_.all(); }

 private:
  LazyArguments<Args...> arguments_;
  typename Results::Lazy results_;
  Traffic traffic_;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_TYPED_CALL_H_
