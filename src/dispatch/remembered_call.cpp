#include "dispatch/remembered_call.h"

#include <algorithm>
#include <string_view>

namespace torchtally::dispatch {
namespace {

template <typename T>
absl::Span<const T> keep(absl::Span<const T> list, Arena& arena) {
  T* kept = arena.allocate<T>(list.size());
  std::copy(list.begin(), list.end(), kept);
  return absl::Span<const T>(kept, list.size());
}

bool has_strides(absl::Span<const Argument> arguments) {
  for (const Argument& argument : arguments) {
    for (const TensorView& tensor : argument.tensors()) {
      if (tensor.defined() && tensor.strides().data() == nullptr) return false;
    }
  }
  return true;
}

TensorView keep(const TensorView& tensor, Arena& arena) {
  return tensor.moved_to(keep(tensor.sizes(), arena).data(), keep(tensor.strides(), arena).data());
}

Argument keep(const Argument& argument, Arena& arena) {
  switch (argument.kind()) {
    case Argument::Kind::kTensor:
      return Argument(keep(argument.tensor(), arena));
    case Argument::Kind::kTensorList: {
      const auto tensors = argument.tensors();
      auto* kept = arena.allocate<TensorView>(tensors.size());
      for (std::size_t i = 0; i < tensors.size(); ++i) kept[i] = keep(tensors[i], arena);
      return Argument(absl::Span<const TensorView>(kept, tensors.size()));
    }
    case Argument::Kind::kIntList:
      return Argument(keep(argument.ints(), arena));
    case Argument::Kind::kFloatList:
      return Argument(keep(argument.floats(), arena));
    case Argument::Kind::kBoolList:
      return Argument(keep(argument.bools(), arena));
    case Argument::Kind::kString: {
      const std::string_view text = argument.string();
      return Argument(std::string_view(keep(absl::Span<const char>(text.data(), text.size()), arena).data(), text.size()));
    }
    case Argument::Kind::kPackedWeight:  // never the same: not compared
    case Argument::Kind::kNone:
    case Argument::Kind::kInt:
    case Argument::Kind::kFloat:
    case Argument::Kind::kBool:
    case Argument::Kind::kOther:
      break;
  }
  return argument;
}

absl::Span<const Argument> keep_all(absl::Span<const Argument> arguments, Arena& arena) {
  auto* kept = arena.allocate<Argument>(arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) kept[i] = keep(arguments[i], arena);
  return {kept, arguments.size()};
}

}  // namespace

RememberedCall* remember(const OpCall& call, const Cost& cost, DType dtype, RememberedCall* older, Arena& arena) {
  if (!has_strides(call.arguments()) || !has_strides(call.results())) return nullptr;
  auto* remembered = arena.allocate<RememberedCall>(1);
  remembered->cost = cost;
  remembered->dtype = dtype;
  remembered->arguments = keep_all(call.arguments(), arena);
  remembered->results = keep_all(call.results(), arena);
  remembered->older = older;
  return remembered;
}

}  // namespace torchtally::dispatch
