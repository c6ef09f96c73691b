#include "cli/inputs.h"

#include <ATen/core/Dict.h>
#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/jit_type.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/zeros.h>

#include <optional>
#include <sstream>

#include "cli/failure.h"
#include "cli/saved_value.h"
#include "cli/torch_error.h"

namespace torchtally::cli {
namespace {

using c10::IValue;
using c10::TypePtr;

// On the CPU, whose generator starts from the same seed in every process, so that every device gets the same values.
at::Tensor make_tensor(const TensorSpec& spec, c10::Device device) {
  const auto dtype = static_cast<at::ScalarType>(spec.dtype);  // the same numbers: dtype.h
  const auto options = at::TensorOptions().dtype(dtype);
  if (device.is_meta()) return at::empty(spec.sizes, options.device(device));
  if (spec.bound) return at::randint(*spec.bound, spec.sizes, options.dtype(at::kLong)).to(dtype);
  if (at::isComplexType(dtype)) return at::rand(spec.sizes, options);
  if (at::isFloatingType(dtype))
    return at::rand(spec.sizes, options.dtype(at::kFloat)).to(dtype);  // not every type has a generator
  return at::zeros(spec.sizes, options);
}

// Lists and dictionaries come out untyped: fit() gives them the types that forward() declares.
class Builder {
 public:
  explicit Builder(c10::Device device) : device_(device) {}

  IValue operator()(const TensorSpec& spec) const { return make_tensor(spec, device_); }
  IValue operator()(std::int64_t number) const { return number; }
  IValue operator()(double number) const { return number; }
  IValue operator()(bool truth) const { return truth; }
  IValue operator()(const std::string& text) const { return text; }
  IValue operator()(const NoneSpec&) const { return IValue(); }
  IValue operator()(const FileSpec& file) const { return read_saved_value(file.path); }
  IValue operator()(const ListSpec& list) const {
    c10::impl::GenericList values(c10::AnyType::get());
    for (const InputValue& item : list.items) values.push_back(build(item));
    return values;
  }
  IValue operator()(const TupleSpec& tuple) const {
    std::vector<IValue> values;
    for (const InputValue& item : tuple.items) values.push_back(build(item));
    return c10::ivalue::Tuple::create(std::move(values));
  }
  IValue operator()(const DictSpec& dict) const {
    c10::impl::GenericDict values(c10::StringType::get(), c10::AnyType::get());
    for (const auto& [key, item] : dict.items) values.insert(key, build(item));
    return values;
  }

  IValue build(const InputValue& input) const { return std::visit(*this, input.value); }

 private:
  c10::Device device_;
};

// The value as one of `type`, or nothing if it is not one.
class Fitter {
 public:
  explicit Fitter(c10::Device device) : device_(device) {}

  std::optional<IValue> fit(const IValue& value, const TypePtr& type) const {
    switch (type->kind()) {
      case c10::TypeKind::TensorType:
        return value.isTensor() ? std::optional<IValue>(value.toTensor().to(device_)) : std::nullopt;
      case c10::TypeKind::FloatType:
        if (value.isInt()) return static_cast<double>(value.toInt());
        return if_true(value.isDouble(), value);
      case c10::TypeKind::NumberType:
        return if_true(value.isScalar(), value);
      case c10::TypeKind::DeviceObjType:
        return fit_device(value);
      case c10::TypeKind::AnyType:
        return fit_any(value);
      case c10::TypeKind::OptionalType:
        if (value.isNone()) return value;
        return fit(value, type->castRaw<c10::OptionalType>()->getElementType());
      case c10::TypeKind::UnionType:
        return fit_union(value, *type->castRaw<c10::UnionType>());
      case c10::TypeKind::ListType:
        return fit_list(value, type->castRaw<c10::ListType>()->getElementType());
      case c10::TypeKind::DictType:
        return fit_dict(value, *type->castRaw<c10::DictType>());
      case c10::TypeKind::TupleType:
        return fit_tuple(value, type->cast<c10::TupleType>());
      default:  // int, bool, str, None, complex: as they are
        return if_true(value.type()->isSubtypeOf(*type), value);
    }
  }

 private:
  static std::optional<IValue> if_true(bool fits, const IValue& value) {
    return fits ? std::optional<IValue>(value) : std::nullopt;
  }

  static std::optional<IValue> fit_device(const IValue& value) {
    if (!value.isString()) return if_true(value.isDevice(), value);
    try {
      return c10::Device(value.toStringRef());
    } catch (const c10::Error&) {
      return std::nullopt;
    }
  }

  // The program will ask what it got (isinstance): a list whose items are of one type is a list of that type.
  std::optional<IValue> fit_any(const IValue& value) const {
    if (value.isTensor()) return value.toTensor().to(device_);
    if (!value.isList() || value.toListRef().empty()) return value;
    const TypePtr first = value.toListRef()[0].type();
    if (auto typed = fit_list(value, value.toListRef()[0].isTensor() ? TypePtr(c10::TensorType::get()) : first)) return typed;
    return value;
  }

  std::optional<IValue> fit_union(const IValue& value, const c10::UnionType& type) const {
    for (const TypePtr& member : type.containedTypes()) {
      if (auto fitted = fit(value, member)) return fitted;
    }
    return std::nullopt;
  }

  std::optional<IValue> fit_list(const IValue& value, const TypePtr& element) const {
    if (!value.isList()) return std::nullopt;
    c10::impl::GenericList list(element);
    for (const IValue& item : value.toList()) {
      const auto fitted = fit(item, element);
      if (!fitted) return std::nullopt;
      list.push_back(*fitted);
    }
    return list;
  }

  std::optional<IValue> fit_dict(const IValue& value, const c10::DictType& type) const {
    if (!value.isGenericDict()) return std::nullopt;
    c10::impl::GenericDict dict(type.getKeyType(), type.getValueType());
    for (const auto& entry : value.toGenericDict()) {
      const auto key = fit_key(entry.key(), type.getKeyType());
      const auto fitted = fit(entry.value(), type.getValueType());
      if (!key || !fitted) return std::nullopt;
      dict.insert(*key, *fitted);
    }
    return dict;
  }

  // The grammar writes every key as text: {1=1x3} is meant for Dict[int, Tensor] as well.
  std::optional<IValue> fit_key(const IValue& key, const TypePtr& type) const {
    if (key.isString() && type->kind() == c10::TypeKind::IntType) {
      try {
        const InputValue number = parse_input_spec("int=" + key.toStringRef()).value;
        return std::get<std::int64_t>(number.value);
      } catch (const InputSpecError&) {
        return std::nullopt;
      }
    }
    return fit(key, type);
  }

  std::optional<IValue> fit_tuple(const IValue& value, const c10::TupleTypePtr& type) const {
    if (!value.isTuple() || value.toTupleRef().elements().size() != type->elements().size()) return std::nullopt;
    std::vector<IValue> elements;
    for (std::size_t i = 0; i < type->elements().size(); ++i) {
      const auto fitted = fit(value.toTupleRef().elements()[i], type->elements()[i]);
      if (!fitted) return std::nullopt;
      elements.push_back(*fitted);
    }
    return type->schema() ? c10::ivalue::Tuple::createNamed(std::move(elements), type)
                          : c10::ivalue::Tuple::create(std::move(elements));
  }

  c10::Device device_;
};

std::string example_for(const TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType:
      return "1x3x224x224";
    case c10::TypeKind::IntType:
      return "int=5";
    case c10::TypeKind::FloatType:
    case c10::TypeKind::NumberType:
      return "float=0.5";
    case c10::TypeKind::BoolType:
      return "bool=true";
    case c10::TypeKind::StringType:
      return "str=text";
    case c10::TypeKind::DeviceObjType:
      return "str=cpu";
    case c10::TypeKind::OptionalType:
      return example_for(type->castRaw<c10::OptionalType>()->getElementType());
    case c10::TypeKind::ListType: {
      const std::string item = example_for(type->castRaw<c10::ListType>()->getElementType());
      return item.empty() ? "" : "[" + item + "," + item + "]";
    }
    case c10::TypeKind::DictType: {
      const std::string item = example_for(type->castRaw<c10::DictType>()->getValueType());
      const bool is_text = type->castRaw<c10::DictType>()->getKeyType()->kind() == c10::TypeKind::StringType;
      return item.empty() ? "" : (is_text ? "{key=" : "{1=") + item + "}";
    }
    case c10::TypeKind::TupleType: {
      std::string items;
      for (const TypePtr& element : type->castRaw<c10::TupleType>()->elements()) {
        const std::string item = example_for(element);
        if (item.empty()) return "";
        items += (items.empty() ? "" : ",") + item;
      }
      return "(" + items + ")";
    }
    default:
      return "";
  }
}

[[noreturn]] void fail(const c10::FunctionSchema& forward, const std::string& what) {
  throw Failure(what + "\n  The model's signature: " + signature_of(forward));
}

constexpr char kNeedsLess[] = "does not fit into memory\n  Give a smaller one, or count without memory: --device meta";

// As the argument's type; nothing if it is not one.
std::optional<IValue> make_value(const InputSpec& spec, const TypePtr& type, c10::Device device) {
  try {
    return Fitter(device).fit(Builder(device).build(spec.value), type);
  } catch (const Failure&) {
    throw;
  } catch (const std::exception& error) {
    const std::string why = is_out_of_memory(error) ? std::string(kNeedsLess) : "cannot be made: " + summary_of(error);
    throw Failure("--input '" + spec.text + "' " + why);
  }
}

// Where the values go: by name, or the next one in order that is not keyword-only.
std::size_t place_of(const c10::FunctionSchema& forward, const InputSpec& spec, std::size_t& next) {
  const auto& arguments = forward.arguments();
  if (spec.argument.empty()) {
    if (next < arguments.size() && !arguments[next].kwarg_only()) return next++;
    fail(forward, "--input '" + spec.text + "' is one input too many");
  }
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i].name() == spec.argument) return i;
  }
  fail(forward, "--input '" + spec.text + "': the model has no argument '" + spec.argument + "'");
}

}  // namespace

std::string signature_of(const c10::FunctionSchema& forward) {
  std::ostringstream text;
  text << forward.name() << "(";
  bool keyword_only = false;
  for (std::size_t i = 1; i < forward.arguments().size(); ++i) {
    const c10::Argument& argument = forward.arguments()[i];
    if (i > 1) text << ", ";
    if (argument.kwarg_only() && !keyword_only) text << "*, ";
    keyword_only = argument.kwarg_only();
    text << argument.name() << ": " << argument.type()->repr_str();
    if (argument.default_value()) text << " = " << *argument.default_value();
  }
  text << ")";
  if (forward.returns().size() == 1) text << " -> " << forward.returns()[0].type()->repr_str();
  return text.str();
}

Arguments make_arguments(const c10::FunctionSchema& forward, const std::vector<InputSpec>& specs, c10::Device device) {
  std::vector<std::optional<IValue>> values(forward.arguments().size());
  std::size_t next = 1;  // after self
  for (const InputSpec& spec : specs) {
    const std::size_t place = place_of(forward, spec, next);
    const c10::Argument& argument = forward.arguments()[place];
    if (values[place]) fail(forward, "--input '" + spec.text + "': the argument '" + argument.name() + "' is given twice");
    values[place] = make_value(spec, argument.type(), device);
    if (!values[place]) {
      const std::string example = example_for(argument.type());
      fail(forward, "--input '" + spec.text + "' does not fit the argument '" + argument.name() + "', which is " +
                        argument.type()->repr_str() + (example.empty() ? "" : ": try --input '" + example + "'"));
    }
  }

  Arguments arguments;
  for (std::size_t i = 1; i < values.size(); ++i) {
    const c10::Argument& argument = forward.arguments()[i];
    if (values[i]) {
      arguments.emplace(argument.name(), *values[i]);
    } else if (!argument.default_value()) {
      const std::string example = example_for(argument.type());
      fail(forward, "no --input for the argument '" + argument.name() + "', which is " + argument.type()->repr_str() +
                        (example.empty() ? "" : ": try --input '" + example + "'"));
    }
  }
  return arguments;
}

}  // namespace torchtally::cli
