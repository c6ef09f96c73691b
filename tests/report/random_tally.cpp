#include "random_tally.h"

#include <random>

namespace torchtally::testing {
namespace {

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  std::int64_t count(std::int64_t limit) { return std::uniform_int_distribution<std::int64_t>(0, limit)(random_); }

  std::vector<std::vector<std::int64_t>> sizes() {
    std::vector<std::vector<std::int64_t>> tensors(below(3));
    for (auto& tensor : tensors) {
      tensor.resize(below(4));
      for (auto& size : tensor) size = count(1000);
    }
    return tensors;
  }

  ModuleInfo module(const std::vector<ModuleInfo>& before) {
    static constexpr const char* kTypes[] = {"Linear", "Conv2d", "Sequential", "", "größe;<b>&\"'"};
    const auto number = std::to_string(before.size());
    ModuleInfo info;
    info.type = kTypes[below(5)];
    info.parameters = {count(1'000'000), count(1'000)};
    info.registered = chance(0.8);
    info.called = chance(0.9);
    info.calls = below(5);
    info.input_sizes = sizes();
    info.output_sizes = sizes();
    if (before.empty()) return info;
    info.parent = below(static_cast<int>(before.size()));
    info.name = before[info.parent].name + (before[info.parent].name.empty() ? "m" : ".m") + number;
    if (chance(0.1)) info.aliases = {"shared" + number, before[0].name + "again" + number};
    return info;
  }

  OperatorInfo op(int number) {
    return {"aten::op" + std::to_string(number / 2), number % 2 == 0 ? "" : "Tensor", static_cast<VerdictKind>(number / 2 % 3),
            number / 2 % 3 == 1 ? static_cast<ZeroReason>(number % 7) : ZeroReason::kIgnored};
  }

  Cost cost() {
    Cost cost;
    Cost::for_each_counter([&](auto counter) { cost.*counter = count(chance(0.2) ? 0 : 1'000'000'000'000); });
    return cost;
  }

 private:
  std::mt19937 random_;
};

}  // namespace

Tally random_tally(unsigned seed, const Sizes& sizes) {
  Maker make(seed);
  std::vector<ModuleInfo> modules;
  for (int i = 0; i < sizes.modules; ++i) modules.push_back(make.module(modules));
  std::vector<OperatorInfo> operators;
  for (int i = 0; i < sizes.operators; ++i) operators.push_back(make.op(i));
  std::vector<FrameInfo> frames = {{0, -1}};
  for (int i = 1; i < sizes.modules; ++i) frames.push_back({make.below(sizes.modules), make.below(i)});

  static constexpr DType kDTypes[] = {DType::kFloat32, DType::kBFloat16, DType::kInt64, DType::kBits8, DType::kUndefined};
  std::vector<Tally::Row> rows;
  for (int i = 0; i < sizes.rows; ++i) {
    Tally::Row row;
    row.frame = make.below(sizes.modules + 1) - 1;
    row.module = row.frame == -1 ? make.below(sizes.modules) : frames[row.frame].module;
    row.op = make.below(sizes.operators);
    row.dtype = kDTypes[make.below(5)];
    row.phase = kPhases[make.below(5)];
    row.cost = make.cost();
    rows.push_back(row);
  }
  return Tally(std::move(modules), std::move(operators), std::move(rows), std::move(frames));
}

}  // namespace torchtally::testing
