// OpCall: one operator call as a formula sees it: names, tensors' shapes, the other arguments, output shapes. No LibTorch.
//
//   void my_matmul(const torchtally::OpCall& call, torchtally::Cost& cost) {
//     const auto& a = call.tensor(0);                    // (m, k)
//     const auto& b = call.tensor("mat2");               // (k, n), by its name in the schema
//     cost.add_macs(a.numel() * b.size(-1));
//   }
//
// An OpCall and everything reached through it is valid only while the formula runs. A formula that reads what is not there gets
// the neutral answer: an undefined tensor, size 0, an empty list, the given default. So an optional argument needs no check.
//
// Thread-safety: const access only; a call belongs to the thread that made it.
#ifndef TORCHTALLY_OP_CALL_H_
#define TORCHTALLY_OP_CALL_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/types/span.h"
#include "torchtally/count.h"
#include "torchtally/dtype.h"
#include "torchtally/export.h"

namespace torchtally {

enum class Layout : std::uint8_t {
  kStrided,
  kSparseCoo,
  kSparseCsr,
  kSparseCsc,
  kSparseBsr,
  kSparseBsc,
  kNested,
  kOther,  // MKL-DNN's and other opaque ones
};

// What only some tensors have. All of it may be empty.
struct TensorDetails {
  Layout layout = Layout::kStrided;
  // Elements that are stored: of a sparse tensor the specified ones (all of a block, dense dimensions included).
  Count stored;
  // Of a sparse tensor: bytes of its indices.
  Count index_bytes;
  // Of a nested tensor: a row of sizes per part, one after the other.
  absl::Span<const std::int64_t> part_sizes;
  std::int64_t parts = 0;
  // Of an integer tensor that the operator's formula reads (Family::reads_values): its elements, in memory order.
  absl::Span<const std::int64_t> values;
};

// The shape of one tensor. Borrowed: points to sizes and strides that the caller keeps.
class TensorView {
 public:
  constexpr TensorView() = default;

  // `strides` may be null: the layout has none (sparse, nested).
  constexpr TensorView(const std::int64_t* sizes, const std::int64_t* strides, std::size_t dim, DType dtype,
                       DeviceType device = DeviceType::kCpu)
      : sizes_(sizes), strides_(strides), dim_(static_cast<std::uint32_t>(dim)), dtype_(dtype), device_(device), defined_(true) {
    Count n = 1;
    for (std::size_t d = 0; d < dim; ++d) n *= sizes[d];
    numel_ = n;
  }

  // For whoever knows already: the number of elements, and whether no two of them share memory.
  struct Known {
    std::int64_t numel = 0;
    bool dense = false;
  };
  constexpr TensorView(const std::int64_t* sizes, const std::int64_t* strides, std::size_t dim, DType dtype, DeviceType device,
                       Known known)
      : sizes_(sizes),
        strides_(strides),
        numel_(known.numel),
        dim_(static_cast<std::uint32_t>(dim)),
        dtype_(dtype),
        device_(device),
        defined_(true),
        dense_(known.dense) {}

  constexpr bool defined() const { return defined_; }
  int dim() const { return static_cast<int>(dim_); }
  DType dtype() const { return dtype_; }
  DeviceType device() const { return device_; }

  // Empty for a nested tensor, whose parts have sizes of their own.
  absl::Span<const std::int64_t> sizes() const { return {sizes_, dim_}; }
  // Empty where the layout has no strides.
  absl::Span<const std::int64_t> strides() const { return {strides_, strides_ == nullptr ? 0 : dim_}; }

  // Size of dimension `d`, counted from the end if negative; 0 if there is no such dimension.
  Count size(int d) const {
    const int index = d < 0 ? d + dim() : d;
    return index < 0 || index >= dim() ? Count(0) : Count(sizes_[index]);
  }

  // Elements; 1 for a zero-dimensional tensor, 0 for an undefined one. Of a nested tensor: those of all its parts.
  Count numel() const { return numel_; }

  Layout layout() const { return details_ == nullptr ? Layout::kStrided : details_->layout; }
  // A sparse tensor's specified elements; all elements of any other.
  Count stored() const { return is_sparse() ? details_->stored : numel_; }
  bool is_sparse() const { return layout() >= Layout::kSparseCoo && layout() <= Layout::kSparseBsc; }

  // A nested tensor's parts; 1 for any other.
  std::int64_t parts() const { return layout() == Layout::kNested ? details_->parts : 1; }
  // Size of dimension `d` of a part, counted from the end if negative; 0 if there is no such part or dimension. Of any other
  // tensor: size(d).
  Count part_size(std::int64_t part, int d) const {
    if (layout() != Layout::kNested) return size(d);
    if (part < 0 || part >= details_->parts) return 0;
    const int dims = static_cast<int>(static_cast<std::int64_t>(details_->part_sizes.size()) / details_->parts);
    const int index = d < 0 ? d + dims : d;
    return index < 0 || index >= dims ? Count(0) : Count(details_->part_sizes[part * dims + index]);
  }

  // Elements of a part. Of any other tensor: numel().
  Count part_numel(std::int64_t part) const {
    if (layout() != Layout::kNested) return numel_;
    if (part < 0 || part >= details_->parts) return 0;
    const auto dims = static_cast<std::int64_t>(details_->part_sizes.size()) / details_->parts;
    Count n = 1;
    for (std::int64_t d = 0; d < dims; ++d) n *= details_->part_sizes[part * dims + d];
    return n;
  }

  // The elements of an integer tensor, where the formula's row asks for them and they can be read: on the CPU, not fake. Empty
  // otherwise.
  absl::Span<const std::int64_t> values() const {
    return details_ == nullptr ? absl::Span<const std::int64_t>() : details_->values;
  }

  // Elements that differ in memory: dimensions of stride 0 (an expanded tensor) count once, of a sparse tensor those stored.
  Count distinct_elements() const {
    if (is_sparse()) return details_->stored;
    if (dense_ || strides_ == nullptr) return numel_;
    Count n = 1;
    for (std::uint32_t d = 0; d < dim_; ++d) {
      if (strides_[d] != 0 || sizes_[d] == 0) n *= sizes_[d];
    }
    return n;
  }

  // distinct_elements() in bytes, with the indices of a sparse tensor.
  Count bytes() const {
    if (!defined_) return 0;
    const Count elements = distinct_elements() * element_size(dtype_);
    return is_sparse() ? elements + details_->index_bytes : elements;
  }

  // As this, but with sizes and strides that lie elsewhere.
  TensorView moved_to(const std::int64_t* sizes, const std::int64_t* strides) const {
    TensorView moved = *this;
    moved.sizes_ = sizes;
    moved.strides_ = strides;
    return moved;
  }
  // As this, with details, which the caller keeps.
  TensorView with(const TensorDetails* details) const {
    TensorView detailed = *this;
    detailed.details_ = details;
    return detailed;
  }

 private:
  const std::int64_t* sizes_ = nullptr;
  const std::int64_t* strides_ = nullptr;
  const TensorDetails* details_ = nullptr;
  Count numel_;
  std::uint32_t dim_ = 0;
  DType dtype_ = DType::kUndefined;
  DeviceType device_ = DeviceType::kCpu;
  bool defined_ = false;
  bool dense_ = false;
};

// One argument or result of a call.
class Argument {
 public:
  enum class Kind : std::uint8_t {
    kNone,  // not given, or None
    kTensor,
    kTensorList,  // also a list of optional tensors; missing ones are undefined
    kInt,
    kIntList,
    kFloat,
    kFloatList,
    kBool,
    kBoolList,
    kString,
    kPackedWeight,  // a quantized or prepacked layer's parameters: tensor() is the weight as it was before packing
    kOther,         // dtype, layout, device, generator, complex scalar, custom class, ...
  };

  constexpr Argument() : kind_(Kind::kNone), int_(0) {}
  constexpr explicit Argument(const TensorView& tensor)
      : kind_(tensor.defined() ? Kind::kTensor : Kind::kNone), tensor_(tensor) {}
  constexpr explicit Argument(absl::Span<const TensorView> list) : kind_(Kind::kTensorList), tensors_(list) {}
  constexpr explicit Argument(std::int64_t value) : kind_(Kind::kInt), int_(value) {}
  constexpr explicit Argument(absl::Span<const std::int64_t> list) : kind_(Kind::kIntList), ints_(list) {}
  constexpr explicit Argument(double value) : kind_(Kind::kFloat), float_(value) {}
  constexpr explicit Argument(absl::Span<const double> list) : kind_(Kind::kFloatList), floats_(list) {}
  constexpr explicit Argument(bool value) : kind_(Kind::kBool), bool_(value) {}
  constexpr explicit Argument(absl::Span<const bool> list) : kind_(Kind::kBoolList), bools_(list) {}
  constexpr explicit Argument(std::string_view text) : kind_(Kind::kString), string_(text) {}
  static constexpr Argument packed_weight(const TensorView& weight) {
    Argument argument(weight);
    argument.kind_ = Kind::kPackedWeight;
    return argument;
  }
  static constexpr Argument other() {
    Argument argument;
    argument.kind_ = Kind::kOther;
    return argument;
  }

  // What an argument is that is not there.
  static const Argument& none() {
    static constexpr Argument kNone;
    return kNone;
  }

  Kind kind() const { return kind_; }
  bool is_none() const { return kind_ == Kind::kNone; }

  // Each returns the neutral value where the argument is of another kind.
  const TensorView& tensor() const { return is_tensor() ? tensor_ : kNoTensor; }
  // A single tensor is a list of one.
  absl::Span<const TensorView> tensors() const {
    if (is_tensor()) return {&tensor_, 1};
    return kind_ == Kind::kTensorList ? tensors_ : absl::Span<const TensorView>();
  }
  // Sums over its tensors: elements (of a sparse one those that are stored), bytes.
  Count stored() const {
    Count sum;
    for (const TensorView& tensor : tensors()) sum += tensor.stored();
    return sum;
  }
  Count bytes() const {
    Count sum;
    for (const TensorView& tensor : tensors()) sum += tensor.bytes();
    return sum;
  }
  // Of the first tensor that is defined; kUndefined if there is none.
  DType dtype() const {
    for (const TensorView& tensor : tensors()) {
      if (tensor.defined()) return tensor.dtype();
    }
    return DType::kUndefined;
  }
  // An integer or a boolean.
  std::int64_t to_int(std::int64_t otherwise = 0) const {
    return kind_ == Kind::kInt ? int_ : kind_ == Kind::kBool ? static_cast<std::int64_t>(bool_) : otherwise;
  }
  // Any number.
  double to_float(double otherwise = 0) const {
    return kind_ == Kind::kFloat ? float_ : is_integer() ? static_cast<double>(to_int()) : otherwise;
  }
  bool to_bool(bool otherwise = false) const { return is_integer() ? to_int() != 0 : otherwise; }
  absl::Span<const std::int64_t> ints() const { return kind_ == Kind::kIntList ? ints_ : absl::Span<const std::int64_t>(); }
  absl::Span<const double> floats() const { return kind_ == Kind::kFloatList ? floats_ : absl::Span<const double>(); }
  absl::Span<const bool> bools() const { return kind_ == Kind::kBoolList ? bools_ : absl::Span<const bool>(); }
  std::string_view string() const { return kind_ == Kind::kString ? string_ : std::string_view(); }

 private:
  static constexpr TensorView kNoTensor = {};

  bool is_tensor() const { return kind_ == Kind::kTensor || kind_ == Kind::kPackedWeight; }
  bool is_integer() const { return kind_ == Kind::kInt || kind_ == Kind::kBool; }

  Kind kind_;
  union {
    TensorView tensor_;
    absl::Span<const TensorView> tensors_;
    std::int64_t int_;
    absl::Span<const std::int64_t> ints_;
    double float_;
    absl::Span<const double> floats_;
    bool bool_;
    absl::Span<const bool> bools_;
    std::string_view string_;
  };
};

// What is the same for every call of an operator overload. Kept by whoever makes OpCalls.
struct OpSchema {
  struct Parameter {
    std::string_view name;
    bool is_out = false;      // written and not read (out=)
    bool is_mutated = false;  // read and written (in-place)
  };
  std::string_view name;      // "aten::add"
  std::string_view overload;  // "Tensor", may be empty
  absl::Span<const Parameter> parameters;
};

// Sums over all tensors of a call, lists included.
struct Traffic {
  Count bytes_read;        // arguments that are read, each once: not out=
  Count bytes_written;     // results; what is written of the arguments where there are no results
  Count elements_written;  // likewise
};

// Where a call's arguments and results come from if they are not listed: made one by one, when a formula asks for them.
class ArgumentSource {
 public:
  virtual const Argument& argument(std::size_t index) = 0;
  virtual const Argument& result(std::size_t index) = 0;
  // All of them, in order.
  virtual absl::Span<const Argument> arguments() = 0;
  virtual absl::Span<const Argument> results() = 0;

 protected:
  ~ArgumentSource() = default;
};

class OpCall {
 public:
  TORCHTALLY_API OpCall(const OpSchema& schema, absl::Span<const Argument> arguments, absl::Span<const Argument> results);
  OpCall(const OpSchema& schema, ArgumentSource& source, const Traffic& traffic)
      : schema_(&schema), source_(&source), traffic_(traffic) {}

  std::string_view name() const { return schema_->name; }
  std::string_view overload() const { return schema_->overload; }

  // Arguments in the order of the schema, defaults filled in.
  absl::Span<const Argument> arguments() const { return source_ != nullptr ? source_->arguments() : arguments_; }
  const Argument& argument(std::size_t index) const {
    if (source_ != nullptr) return source_->argument(index);
    return index < arguments_.size() ? arguments_[index] : Argument::none();
  }
  TORCHTALLY_API const Argument& argument(std::string_view name) const;
  const TensorView& tensor(std::size_t index) const { return argument(index).tensor(); }
  const TensorView& tensor(std::string_view name) const { return argument(name).tensor(); }

  // What the operator returned. Empty for operators that return nothing (most _foreach_*_ and _fused_*): see mutated arguments.
  absl::Span<const Argument> results() const { return source_ != nullptr ? source_->results() : results_; }
  const TensorView& output(std::size_t index = 0) const {
    if (source_ != nullptr) return source_->result(index).tensor();
    return (index < results_.size() ? results_[index] : Argument::none()).tensor();
  }

  const Traffic& traffic() const { return traffic_; }

 private:
  const OpSchema* schema_;
  ArgumentSource* source_ = nullptr;
  absl::Span<const Argument> arguments_;
  absl::Span<const Argument> results_;
  Traffic traffic_;
};

}  // namespace torchtally

#endif  // TORCHTALLY_OP_CALL_H_
