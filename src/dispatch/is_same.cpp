#include "dispatch/is_same.h"

#include <ATen/core/ivalue_inl.h>

namespace torchtally::dispatch {
namespace {
using Kind = Argument::Kind;

template <typename T>
bool are_equal(absl::Span<const T> a, absl::Span<const T> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

template <typename T, typename Get>
bool are_equal(absl::Span<const T> kept, c10::ArrayRef<c10::IValue> list, Get get) {
  return std::equal(kept.begin(), kept.end(), list.begin(), list.end(), [&](T a, const c10::IValue& b) { return a == get(b); });
}

bool is_same_tensor(const TensorView& kept, const c10::IValue& value) {
  return value.isTensor() ? is_same(kept, value.toTensor()) : value.isNone() && !kept.defined();
}

}  // namespace

bool is_same(const Argument& kept, const Argument& argument) {
  if (kept.kind() != argument.kind()) return false;
  switch (kept.kind()) {
    case Kind::kInt:
    case Kind::kBool:
      return kept.to_int() == argument.to_int();
    case Kind::kFloat:
      return are_alike(kept.to_float(), argument.to_float());
    case Kind::kIntList:
      return are_equal(kept.ints(), argument.ints());
    case Kind::kFloatList:
      return are_equal(kept.floats(), argument.floats());
    case Kind::kBoolList:
      return are_equal(kept.bools(), argument.bools());
    case Kind::kString:
      return kept.string() == argument.string();
    case Kind::kNone:
    case Kind::kOther:
      return true;
    case Kind::kTensor:
    case Kind::kTensorList:
    case Kind::kPackedWeight:
      break;
  }
  return false;
}

// Flattened: LibTorch's small functions would be calls.
[[gnu::flatten]] bool is_same_value(const Argument& kept, const c10::IValue& value) {
  switch (kept.kind()) {
    case Kind::kNone:
      return value.isNone() || (value.isTensor() && !value.toTensor().defined());
    case Kind::kInt:
      return value.isInt() && value.toInt() == kept.to_int();
    case Kind::kBool:
      return value.isBool() && value.toBool() == kept.to_bool();
    case Kind::kFloat:
      return value.isDouble() && are_alike(kept.to_float(), value.toDouble());
    case Kind::kIntList:
      return value.isIntList() && are_equal(kept.ints(), value.toListRef(), [](const c10::IValue& v) { return v.toInt(); });
    case Kind::kBoolList:
      return value.isBoolList() && are_equal(kept.bools(), value.toListRef(), [](const c10::IValue& v) { return v.toBool(); });
    case Kind::kString:
      return value.isString() && value.toStringView() == compat::string_view(kept.string().data(), kept.string().size());
    case Kind::kTensorList: {
      if (!value.isList()) return false;
      const auto list = value.toListRef();
      return std::equal(kept.tensors().begin(), kept.tensors().end(), list.begin(), list.end(), is_same_tensor);
    }
    case Kind::kTensor:        // the caller's
    case Kind::kFloatList:     // rare: not worth a comparison
    case Kind::kPackedWeight:  // likewise
    case Kind::kOther:         // not to be compared
      break;
  }
  return false;
}

}  // namespace torchtally::dispatch
