// CallBuilder: an OpCall from literal shapes, so that a formula is tested without LibTorch.
//
//   CallBuilder call("aten::mm");
//   call.tensor("self", {2, 3}).tensor("mat2", {3, 4}).returns({2, 4});
//   EXPECT_THAT(call.cost(), Costs(24, 0, 0));  // MACs, FLOPs on top of 2 per MAC, transcendentals
#ifndef TORCHTALLY_TESTS_FORMULAS_CALL_BUILDER_H_
#define TORCHTALLY_TESTS_FORMULAS_CALL_BUILDER_H_

#include <gmock/gmock.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "torchtally/formula.h"

namespace torchtally {

class CallBuilder {
 public:
  using Shape = std::vector<std::int64_t>;

  explicit CallBuilder(std::string_view name, std::string_view overload = {}) : name_(name), overload_(overload) {}

  CallBuilder& tensor(std::string_view name, Shape sizes, DType dtype = DType::kFloat32) {
    return add(name, Argument(view(std::move(sizes), dtype)));
  }
  // With strides of its own: an expanded tensor, for example.
  CallBuilder& strided(std::string_view name, Shape sizes, Shape strides) {
    const Shape& kept = shapes_.emplace_back(std::move(sizes));
    const Shape& steps = shapes_.emplace_back(std::move(strides));
    return add(name, Argument(TensorView(kept.data(), steps.data(), kept.size(), DType::kFloat32)));
  }
  CallBuilder& mutated(std::string_view name, Shape sizes, DType dtype = DType::kFloat32) {
    tensor(name, std::move(sizes), dtype);
    parameters_.back().is_mutated = true;
    return *this;
  }
  CallBuilder& out(std::string_view name, Shape sizes) {
    tensor(name, std::move(sizes));
    parameters_.back().is_out = true;
    return *this;
  }
  CallBuilder& tensors(std::string_view name, const std::vector<Shape>& list, DType dtype = DType::kFloat32) {
    return add(name, views(list, dtype));
  }
  CallBuilder& mutated_tensors(std::string_view name, const std::vector<Shape>& list, DType dtype = DType::kFloat32) {
    tensors(name, list, dtype);
    parameters_.back().is_mutated = true;
    return *this;
  }
  // A nested tensor: a shape per part.
  CallBuilder& nested(std::string_view name, const std::vector<Shape>& parts, DType dtype = DType::kFloat32) {
    return add(name, Argument(nested_view(parts, dtype)));
  }
  // A sparse tensor with so many stored elements, and so many bytes of indices.
  CallBuilder& sparse(std::string_view name, Shape sizes, std::int64_t stored, Layout layout = Layout::kSparseCsr,
                      std::int64_t index_bytes = 0) {
    TensorDetails& details = details_.emplace_back();
    details.layout = layout;
    details.stored = stored;
    details.index_bytes = index_bytes;
    return add(name, Argument(view(std::move(sizes), DType::kFloat32).with(&details)));
  }
  // A vector of integers whose values the formula reads.
  CallBuilder& values(std::string_view name, Shape values) {
    const Shape& kept = shapes_.emplace_back(std::move(values));
    TensorDetails& details = details_.emplace_back();
    details.values = kept;
    return add(name, Argument(view({static_cast<std::int64_t>(kept.size())}, DType::kInt64).with(&details)));
  }
  // A packed weight: the shape that it had before.
  CallBuilder& packed(std::string_view name, Shape sizes, DType dtype = DType::kQInt8) {
    return add(name, Argument::packed_weight(view(std::move(sizes), dtype)));
  }
  CallBuilder& none(std::string_view name) { return add(name, Argument()); }
  CallBuilder& integer(std::string_view name, std::int64_t value) { return add(name, Argument(value)); }
  CallBuilder& number(std::string_view name, double value) { return add(name, Argument(value)); }
  CallBuilder& flag(std::string_view name, bool value) { return add(name, Argument(value)); }
  CallBuilder& text(std::string_view name, std::string_view value) { return add(name, Argument(value)); }
  CallBuilder& other(std::string_view name) { return add(name, Argument::other()); }
  CallBuilder& integers(std::string_view name, Shape values) {
    return add(name, Argument(absl::MakeConstSpan(shapes_.emplace_back(std::move(values)))));
  }
  CallBuilder& flags(std::string_view name, const std::vector<bool>& values) {
    const auto& kept = flags_.emplace_back(new bool[values.size()]);
    for (std::size_t i = 0; i < values.size(); ++i) kept[i] = values[i];
    return add(name, Argument(absl::Span<const bool>(kept.get(), values.size())));
  }

  // The arguments in the order of `names`, which has all of them; the others are None.
  CallBuilder& arrange(const std::vector<std::string_view>& names) {
    std::vector<OpSchema::Parameter> parameters(names.size());
    std::vector<Argument> arguments(names.size());
    std::size_t found = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      parameters[i].name = names[i];
      for (std::size_t given = 0; given < parameters_.size(); ++given) {
        if (parameters_[given].name != names[i]) continue;
        parameters[i] = parameters_[given];
        arguments[i] = arguments_[given];
        ++found;
      }
    }
    EXPECT_EQ(found, parameters_.size()) << name_ << ": an argument that it does not have, or one twice";
    parameters_ = std::move(parameters);
    arguments_ = std::move(arguments);
    return *this;
  }

  CallBuilder& returns(Shape sizes, DType dtype = DType::kFloat32) {
    results_.push_back(Argument(view(std::move(sizes), dtype)));
    return *this;
  }
  CallBuilder& returns_nested(const std::vector<Shape>& parts, DType dtype = DType::kFloat32) {
    results_.push_back(Argument(nested_view(parts, dtype)));
    return *this;
  }
  CallBuilder& returns_list(const std::vector<Shape>& list) {
    results_.push_back(views(list, DType::kFloat32));
    return *this;
  }

  // Calls `use` with the finished call.
  template <typename Use>
  auto with(Use use) const {
    const OpSchema schema{name_, overload_, parameters_};
    return use(OpCall(schema, arguments_, results_));
  }

  Cost cost(const FormulaSet& formulas = FormulaSet::builtin()) const {
    return with([&](const OpCall& call) { return formulas.verdict(name_, overload_).cost_of(call); });
  }

 private:
  CallBuilder& add(std::string_view name, Argument argument) {
    OpSchema::Parameter parameter;
    parameter.name = name;
    parameters_.push_back(parameter);
    arguments_.push_back(argument);
    return *this;
  }

  TensorView view(Shape sizes, DType dtype) {
    const Shape& kept = shapes_.emplace_back(std::move(sizes));
    Shape& strides = shapes_.emplace_back(kept.size());
    std::int64_t stride = 1;
    for (std::size_t d = kept.size(); d-- > 0;) {
      strides[d] = stride;
      if (__builtin_mul_overflow(stride, kept[d], &stride)) stride = Count::kMax;
    }
    return TensorView(kept.data(), strides.data(), kept.size(), dtype);
  }

  TensorView nested_view(const std::vector<Shape>& parts, DType dtype) {
    Shape& flat = shapes_.emplace_back();
    Count numel;
    for (const Shape& part : parts) {
      flat.insert(flat.end(), part.begin(), part.end());
      Count elements = 1;
      for (const auto size : part) elements *= size;
      numel += elements;
    }
    TensorDetails& details = details_.emplace_back();
    details.layout = Layout::kNested;
    details.parts = static_cast<std::int64_t>(parts.size());
    details.part_sizes = flat;
    return TensorView(nullptr, nullptr, 0, dtype, DeviceType::kCpu, {numel, true}).with(&details);
  }

  Argument views(const std::vector<Shape>& list, DType dtype) {
    std::vector<TensorView>& kept = lists_.emplace_back();
    for (const Shape& sizes : list) kept.push_back(view(sizes, dtype));
    return Argument(absl::MakeConstSpan(kept));
  }

  std::string_view name_;
  std::string_view overload_;
  std::deque<Shape> shapes_;  // a deque: what views point to stays where it is
  std::deque<TensorDetails> details_;
  std::deque<std::vector<TensorView>> lists_;
  std::deque<std::unique_ptr<bool[]>> flags_;
  std::vector<OpSchema::Parameter> parameters_;
  std::vector<Argument> arguments_;
  std::vector<Argument> results_;
};

// MACs, the FLOPs on top of 2 per MAC, transcendentals.
MATCHER_P3(Costs, macs, other_flops, transcendentals, "") {
  const auto found_other = static_cast<std::int64_t>(arg.flops) - 2 * static_cast<std::int64_t>(arg.macs);
  *result_listener << "macs " << static_cast<std::int64_t>(arg.macs) << ", other flops " << found_other << ", transcendentals "
                   << static_cast<std::int64_t>(arg.transcendentals);
  return arg.macs == std::int64_t{macs} && found_other == std::int64_t{other_flops} &&
         arg.transcendentals == std::int64_t{transcendentals};
}

MATCHER_P2(Moves, bytes_read, bytes_written, "") {
  *result_listener << "bytes read " << static_cast<std::int64_t>(arg.bytes_read) << ", written "
                   << static_cast<std::int64_t>(arg.bytes_written);
  return arg.bytes_read == std::int64_t{bytes_read} && arg.bytes_written == std::int64_t{bytes_written};
}

}  // namespace torchtally

#endif  // TORCHTALLY_TESTS_FORMULAS_CALL_BUILDER_H_
