#include "dispatch/imprint.h"

#include <ATen/core/ivalue_inl.h>

#include <algorithm>
#include <limits>

namespace torchtally::dispatch {
namespace {
using Kind = Argument::Kind;

ImprintWord word_of(char value) { return static_cast<unsigned char>(value); }

class ImprintWriter {
 public:
  explicit ImprintWriter(std::vector<ImprintWord>& words) : words_(words) {}

  bool append(const Argument& value) {
    switch (value.kind()) {
      case Kind::kTensor:
        return append(value.tensor());
      case Kind::kTensorList:
        if (!append_list(Kind::kTensorList, value.tensors().size())) return false;
        for (const TensorView& tensor : value.tensors()) {
          if (!append(tensor)) return false;
        }
        return true;
      case Kind::kInt:
        append(Head::of(Kind::kInt));
        append_64_bits(value.to_int());
        return true;
      case Kind::kFloat:
        append(Head::of(Kind::kFloat));
        append_64_bits(value.to_float());
        return true;
      case Kind::kBool:
        append(Head::of(value.to_bool()));
        return true;
      case Kind::kIntList:
        if (!append_list(Kind::kIntList, value.ints().size())) return false;
        for (const std::int64_t each : value.ints()) append_64_bits(each);
        return true;
      case Kind::kFloatList:
        if (!append_list(Kind::kFloatList, value.floats().size())) return false;
        for (const double each : value.floats()) append_64_bits(each);
        return true;
      case Kind::kBoolList:
        if (!append_list(Kind::kBoolList, value.bools().size())) return false;
        words_.insert(words_.end(), value.bools().begin(), value.bools().end());
        return true;
      case Kind::kString:
        if (!append_list(Kind::kString, value.string().size())) return false;
        for (const char each : value.string()) words_.push_back(word_of(each));
        return true;
      case Kind::kNone:
      case Kind::kOther:
        append(Head::of(value.kind()));
        return true;
      case Kind::kPackedWeight:
        break;
    }
    return false;
  }

 private:
  void append(Head head) { words_.push_back(head.word()); }

  bool append(const TensorView& tensor) {
    if (!tensor.defined()) {
      append(Head::of(Kind::kNone));
      return true;
    }
    const auto sizes = tensor.sizes();
    const auto strides = tensor.strides();
    if (strides.data() == nullptr || sizes.size() > Head::kMostDims) return false;
    const Head head = Head::of_tensor(static_cast<at::ScalarType>(tensor.dtype()), sizes.size());
    const bool contiguous = is_contiguous(tensor);
    append(contiguous ? head.contiguous() : head);
    return append(sizes) && (contiguous || append(strides));
  }

  bool append(absl::Span<const std::int64_t> sizes) {
    for (const std::int64_t each : sizes) {
      if (each < 0 || each > std::int64_t{std::numeric_limits<ImprintWord>::max()}) return false;
      words_.push_back(static_cast<ImprintWord>(each));
    }
    return true;
  }

  bool append_list(Kind kind, std::size_t count) {
    constexpr std::size_t kMost = (std::size_t{1} << 24) - 1;
    if (count > kMost) return false;
    append(Head::of_list(kind, count));
    return true;
  }

  template <typename T>
  void append_64_bits(T value) {
    const std::size_t end = words_.size();
    words_.resize(end + 2);
    std::memcpy(&words_[end], &value, sizeof(T));
  }

  // As TensorImpl::is_contiguous().
  static bool is_contiguous(const TensorView& tensor) {
    if (tensor.numel() == Count(0)) return true;
    std::int64_t expected = 1;
    for (int d = tensor.dim() - 1; d >= 0; --d) {
      const auto at = static_cast<std::size_t>(d);
      if (tensor.sizes()[at] == 1) continue;
      if (tensor.strides()[at] != expected) return false;
      expected *= tensor.sizes()[at];
    }
    return true;
  }

  std::vector<ImprintWord>& words_;
};

}  // namespace

bool append_imprint(absl::Span<const Argument> values, std::vector<ImprintWord>& words) {
  ImprintWriter writer(words);
  for (const Argument& value : values) {
    if (!writer.append(value)) return false;
  }
  return true;
}

template <typename List, typename IsSame>
bool ImprintReader::matches_list(Kind kind, const List& list, const IsSame& is_same) {
  return next_head() == Head::of_list(kind, list.size()) && std::all_of(list.begin(), list.end(), is_same);
}

bool ImprintReader::matches_argument(const Argument& argument) {
  switch (argument.kind()) {
    case Kind::kNone:
    case Kind::kOther:
      return next_head() == Head::of(argument.kind());
    case Kind::kInt:
      return matches(argument.to_int());
    case Kind::kFloat:
      return matches(argument.to_float());
    case Kind::kBool:
      return matches(argument.to_bool());
    case Kind::kIntList:
      return matches_list(Kind::kIntList, argument.ints(), [&](std::int64_t each) { return each == next_integer(); });
    case Kind::kFloatList:
      return matches_list(Kind::kFloatList, argument.floats(), [&](double each) { return each == next_number(); });
    case Kind::kBoolList:
      return matches_list(Kind::kBoolList, argument.bools(), [&](bool each) { return ImprintWord{each} == *next_++; });
    case Kind::kString:
      return matches_list(Kind::kString, argument.string(), [&](char each) { return word_of(each) == *next_++; });
    case Kind::kTensor:
    case Kind::kTensorList:
    case Kind::kPackedWeight:
      break;
  }
  return false;
}

// Flattened: LibTorch's small functions would be calls.
[[gnu::flatten]] bool ImprintReader::matches_other(const c10::IValue& value) {
  if (value.isNone()) return next_head() == Head::of(Kind::kNone);
  if (value.isInt()) return matches(value.toInt());
  if (value.isBool()) return matches(value.toBool());
  if (value.isDouble()) return matches(value.toDouble());
  if (value.isString()) {
    return matches_list(Kind::kString, value.toStringView(), [&](char each) { return word_of(each) == *next_++; });
  }
  if (!value.isList()) return false;  // what that is, is not to be seen
  const c10::ArrayRef<c10::IValue> list = value.toListRef();
  if (value.isIntList()) {
    return matches_list(Kind::kIntList, list, [&](const c10::IValue& each) { return each.toInt() == next_integer(); });
  }
  if (value.isBoolList()) {
    return matches_list(Kind::kBoolList, list, [&](const c10::IValue& each) { return ImprintWord{each.toBool()} == *next_++; });
  }
  // Of tensors, of which some may be missing. Of anything else: then its elements are none of these.
  return matches_list(Kind::kTensorList, list, [&](const c10::IValue& each) {
    return each.isTensor() ? matches(*each.unsafeToTensorImpl()) : each.isNone() && next_head() == Head::of(Kind::kNone);
  });
}

}  // namespace torchtally::dispatch
