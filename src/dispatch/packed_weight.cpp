#include "dispatch/packed_weight.h"

#include <ATen/core/class_type.h>
#include <ATen/core/function.h>
#include <ATen/core/ivalue_inl.h>
#include <ATen/native/quantized/PackedParams.h>
#include <torch/custom_class.h>

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "dispatch/call_view.h"
#include "dispatch/key_exclusion.h"

namespace torchtally::dispatch {
namespace {

// Of the values that an object would be saved as, the first tensor that can be a weight.
at::Tensor first_weight(const c10::IValue& value) {
  if (value.isTensor() && value.toTensor().dim() > 1) return value.toTensor();
  if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) {
      if (at::Tensor found = first_weight(element); found.defined()) return found;
    }
  }
  return {};
}

at::Tensor unpack(const c10::IValue& object) {
  const auto type = object.type()->cast<c10::ClassType>();
  if (type == nullptr || !type->name().has_value()) return {};
  const std::string name = type->name()->qualifiedName();
  const auto is = [&name](const char* wanted) { return name == std::string("__torch__.torch.classes.") + wanted; };
  if (is("quantized.LinearPackedParamsBase")) {
    const at::Tensor weight = std::get<0>(object.toCustomClass<LinearPackedParamsBase>()->unpack());
    // What is packed in half precision comes back in single precision.
    return weight.scalar_type() == at::kFloat ? weight.to(at::kHalf) : weight;
  }
  if (is("quantized.Conv2dPackedParamsBase")) {
    return std::get<0>(object.toCustomClass<ConvPackedParamsBase<2>>()->unpack());
  }
  if (is("quantized.Conv3dPackedParamsBase")) {
    return std::get<0>(object.toCustomClass<ConvPackedParamsBase<3>>()->unpack());
  }
  torch::jit::Function* const get_state = type->findMethod("__getstate__");
  return get_state == nullptr ? at::Tensor() : first_weight((*get_state)({object}));
}

// What is known of an object. The weak reference keeps its address from being given to another one.
struct Known {
  c10::weak_intrusive_ptr<torch::CustomClassHolder> object;
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
  DType dtype = DType::kUndefined;
};

Known look_into(const c10::IValue& object, const c10::intrusive_ptr<torch::CustomClassHolder>& held) {
  Known known{c10::weak_intrusive_ptr<torch::CustomClassHolder>(held), {}, {}, DType::kUndefined};
  const KeyExclusion not_counted(true);
  try {
    if (const at::Tensor weight = unpack(object); weight.defined()) {
      known.sizes = weight.sizes().vec();
      known.strides = weight.strides().vec();
      known.dtype = dtype_of(*weight.unsafeGetTensorImpl());
    }
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // A backend that can't unpack: the formula does with the other shapes.
  }
  return known;
}

}  // namespace

Argument packed_weight(const c10::IValue& object) {
  // Never destroyed: counting may go on while the program ends.
  static auto& mutex = *new std::mutex;
  static auto& known_objects = *new std::map<const void*, Known>;
  if (!object.isCustomClass()) return Argument::other();
  const auto held = object.toObjectRef().getSlot(0).toCapsule();
  const std::lock_guard lock(mutex);
  auto found = known_objects.find(held.get());
  if (found == known_objects.end()) found = known_objects.emplace(held.get(), look_into(object, held)).first;
  const Known& known = found->second;
  if (known.dtype == DType::kUndefined) return Argument::other();
  return Argument::packed_weight(TensorView(known.sizes.data(), known.strides.data(), known.sizes.size(), known.dtype));
}

}  // namespace torchtally::dispatch
