// Loop nests: for every operator that multiplies matrices, convolves, attends or recurs, the loops of its textbook definition,
// which count each multiply-add. A nest draws shapes and arguments, makes the call as the dispatcher would, and expects the
// formula to have counted what the loops did.
//
//   void mm(NestCall& call, Draw& draw) {
//     const std::int64_t m = draw(), k = draw(), n = draw();
//     call.tensor("self", {m, k}).tensor("mat2", {k, n}).returns({m, n});
//     EXPECT_THAT(call.cost(), Costs(loops({m, n, k}), 0, 0));
//   }
//
// Arguments are given by name, in any order; signatures.cpp says in which order the dispatcher has them, and
// tests/dispatch/signatures_test.cpp that this is so.
#ifndef TORCHTALLY_TESTS_FORMULAS_LOOP_NESTS_LOOP_NEST_H_
#define TORCHTALLY_TESTS_FORMULAS_LOOP_NESTS_LOOP_NEST_H_

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string_view>
#include <vector>

#include "../call_builder.h"
#include "absl/types/span.h"
#include "formulas/table.h"
#include "signatures.h"

namespace torchtally::loop_nests {

using Shape = CallBuilder::Shape;

class Draw {
 public:
  explicit Draw(unsigned seed) : generator_(seed) {}

  std::int64_t operator()(std::int64_t low = 1, std::int64_t high = 6) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(generator_);
  }
  bool coin() { return (*this)(0, 1) == 1; }
  std::mt19937& generator() { return generator_; }

 private:
  std::mt19937 generator_;
};

// Runs the loops, one inside the other, and counts how often the innermost body runs.
inline std::int64_t loops(absl::Span<const std::int64_t> sizes) {
  if (sizes.empty()) return 1;
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < sizes[0]; ++i) count += loops(sizes.subspan(1));
  return count;
}
inline std::int64_t loops(std::initializer_list<std::int64_t> sizes) {
  return loops(absl::Span<const std::int64_t>(sizes.begin(), sizes.size()));
}

class NestCall : public CallBuilder {
 public:
  explicit NestCall(const Signature& signature)
      : CallBuilder(signature.name, signature.overload), signature_(&signature), names_(argument_names(signature)) {}

  std::string_view op() const { return signature_->name; }
  std::string_view overload() const { return signature_->overload; }
  // The name of an argument by its position.
  std::string_view name(std::size_t index) const { return names_.at(index); }
  bool has(std::string_view argument) const {
    for (const std::string_view name : names_) {
      if (name == argument) return true;
    }
    return false;
  }

  // With the arguments in the dispatcher's order, and None for those that were not given.
  Cost cost() {
    arrange(names_);
    return CallBuilder::cost();
  }

 private:
  const Signature* signature_;
  std::vector<std::string_view> names_;
};

struct Nest {
  std::string_view op;
  void (*check)(NestCall& call, Draw& draw);
};

absl::Span<const Nest> matrix_nests();
absl::Span<const Nest> linear_layer_nests();
absl::Span<const Nest> sparse_nests();
absl::Span<const Nest> convolution_nests();
absl::Span<const Nest> attention_nests();
absl::Span<const Nest> recurrent_nests();
absl::Span<const Nest> quantized_nests();

}  // namespace torchtally::loop_nests

#endif  // TORCHTALLY_TESTS_FORMULAS_LOOP_NESTS_LOOP_NEST_H_
