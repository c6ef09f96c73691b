#include "dispatch/remembered_call.h"

#include <algorithm>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

namespace torchtally::dispatch {
namespace {

template <typename T>
absl::Span<const T> keep(absl::Span<const T> list, Arena& arena) {
  T* kept = arena.allocate<T>(list.size());
  std::copy(list.begin(), list.end(), kept);
  return absl::Span<const T>(kept, list.size());
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

// As that of call_tensors.h.
bool are_of_one_size(absl::Span<const Argument> arguments) {
  const TensorView* first = nullptr;
  for (const Argument& argument : arguments) {
    if (argument.kind() != Argument::Kind::kTensor || argument.tensor().numel() <= Count(1)) continue;
    if (first == nullptr) first = &argument.tensor();
    if (argument.tensor().sizes() != first->sizes()) return false;
  }
  return true;
}

RememberedCall* make(const RememberedCost& known, OperatorKey op, attribution::Place place, std::size_t words, Arena& arena) {
  auto* memory = arena.allocate_bytes(sizeof(RememberedCall) + words * sizeof(ImprintWord), kCacheLine);
  auto* remembered = ::new (memory) RememberedCall();
  auto* kept = arena.allocate<RememberedCost>(1);
  *kept = known;
  remembered->op = op;
  remembered->place = place;
  remembered->known = kept;
  return remembered;
}

}  // namespace

RememberedCall* remember(const OpCall& call, const RememberedCost& known, OperatorKey op, attribution::Place place,
                         Arena& arena) {
  std::vector<ImprintWord> words;
  if (!append_imprint(call.arguments(), words) || !append_imprint(call.results(), words)) return nullptr;
  RememberedCost all = known;
  all.arguments = keep_all(call.arguments(), arena);
  RememberedCall* const remembered = make(all, op, place, words.size(), arena);
  remembered->needs_shapes = true;
  remembered->is_of_one_size = are_of_one_size(call.arguments());
  std::uninitialized_copy(words.begin(), words.end(), reinterpret_cast<ImprintWord*>(remembered + 1));
  return remembered;
}

RememberedCall* remember_any(const RememberedCost& known, OperatorKey op, attribution::Place place, Arena& arena) {
  return make(known, op, place, 0, arena);
}

}  // namespace torchtally::dispatch
