#include "torchtally/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace torchtally {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::ThrowsMessage;

ModuleInfo module(std::string name, int parent, bool registered = true, bool called = true) {
  ModuleInfo info;
  info.name = std::move(name);
  info.parent = parent;
  info.registered = registered;
  info.called = called;
  return info;
}

OperatorInfo op(std::string name, std::string overload, VerdictKind verdict, ZeroReason reason = ZeroReason::kIgnored) {
  OperatorInfo info;
  info.name = std::move(name);
  info.overload = std::move(overload);
  info.verdict = verdict;
  info.reason = reason;
  return info;
}

Cost cost(std::int64_t calls, std::int64_t macs) {
  Cost c;
  c.calls = calls;
  c.add_macs(macs);
  return c;
}

// Root, block with a and b, and a head that never ran.
Tally example() {
  std::vector<ModuleInfo> modules = {module("", -1), module("block", 0), module("block.a", 1), module("block.b", 1),
                                     module("head", 0, true, false)};
  modules[0].parameters = {100, 80};
  return Tally(modules,
               {op("aten::addmm", "", VerdictKind::kCounted), op("aten::add", "Tensor", VerdictKind::kCounted),
                op("aten::add", "Scalar", VerdictKind::kCounted), op("aten::view", "", VerdictKind::kZero, ZeroReason::kView),
                op("mylib::op", "", VerdictKind::kUnknown)},
               {{2, 0, cost(1, 10)},
                {3, 0, cost(2, 20)},
                {1, 1, cost(1, 0)},
                {0, 2, cost(4, 0)},
                {2, 3, cost(5, 0)},
                {2, 4, cost(1, 0)},
                {3, 4, cost(2, 0)}});
}

TEST(Tally, AnEmptyOneHasARoot) {
  const Tally tally;
  ASSERT_EQ(tally.modules().size(), 1);
  EXPECT_EQ(tally.modules()[0].name, "");
  EXPECT_EQ(tally.total(), Cost());
  EXPECT_THAT(tally.by_operator(), IsEmpty());
  EXPECT_THAT(tally.by_module(), ElementsAre(Pair("", Cost())));
}

TEST(Tally, Total) {
  EXPECT_EQ(example().total().macs, 30);
  EXPECT_EQ(example().total().calls, 16);
}

// Overloads of an operator are one.
TEST(Tally, ByOperator) {
  const auto costs = example().by_operator();
  EXPECT_EQ(costs.size(), 4);
  EXPECT_EQ(costs.at("aten::addmm"), cost(3, 30));
  EXPECT_EQ(costs.at("aten::add"), cost(5, 0));
}

// A module's figure has those below it; the root's is the total.
TEST(Tally, ByModule) {
  const Tally tally = example();
  const auto costs = tally.by_module();
  EXPECT_EQ(costs.at(""), tally.total());
  EXPECT_EQ(costs.at("block"), cost(12, 30));
  EXPECT_EQ(costs.at("block.a"), cost(7, 10));
  EXPECT_EQ(costs.at("block.b"), cost(4, 20));
  EXPECT_EQ(costs.at("head"), Cost());
  EXPECT_EQ(tally.inclusive_costs()[1], cost(12, 30));
}

TEST(Tally, ByModuleAndOperator) {
  const auto costs = example().by_module_and_operator();
  EXPECT_EQ(costs.at("").at("aten::addmm"), cost(3, 30));
  EXPECT_EQ(costs.at("block").at("aten::addmm"), cost(3, 30));
  EXPECT_EQ(costs.at("block").at("aten::add"), cost(1, 0));
  EXPECT_EQ(costs.at("block.b").at("aten::addmm"), cost(2, 20));
  EXPECT_EQ(costs.at("block.b").count("aten::add"), 0);
  EXPECT_THAT(costs.at("head"), IsEmpty());
}

// Every module's operators add up to its figure.
TEST(Tally, OperatorsAddUpToTheirModule) {
  const Tally tally = example();
  const auto modules = tally.by_module();
  for (const auto& [name, operators] : tally.by_module_and_operator()) {
    Cost sum;
    for (const auto& [op_name, op_cost] : operators) sum += op_cost;
    EXPECT_EQ(sum, modules.at(name)) << name;
  }
}

TEST(Tally, UnknownAndZeroOperators) {
  EXPECT_THAT(example().unknown_operators(), ElementsAre(Pair("mylib::op", 3)));
  EXPECT_THAT(example().zero_operators(), ElementsAre(Pair("aten::view", ZeroReason::kView)));
}

TEST(Tally, UncalledModulesAndParameters) {
  EXPECT_THAT(example().uncalled_modules(), ElementsAre("head"));
  EXPECT_EQ(example().parameters().total, 100);
  EXPECT_EQ(example().parameters().trainable, 80);
}

TEST(Tally, TellsIfItSaturated) {
  EXPECT_FALSE(example().saturated());
  const Tally full({module("", -1)}, {op("aten::mm", "", VerdictKind::kCounted)},
                   {{0, 0, cost(1, Count::kMax / 2)}, {0, 0, cost(1, Count::kMax / 2)}, {0, 0, cost(1, 2)}});
  EXPECT_TRUE(full.saturated());
  EXPECT_TRUE(full.total().macs.saturated());
}

TEST(Tally, RefusesWhatDoesNotFitTogether) {
  EXPECT_THAT([] { Tally({}, {}, {}); }, ThrowsMessage<std::invalid_argument>(HasSubstr("modules[0] must be the root")));
  EXPECT_THAT([] { Tally({module("a", 0)}, {}, {}); }, ThrowsMessage<std::invalid_argument>(HasSubstr("must be the root")));
  EXPECT_THAT(
      [] {
        Tally({module("", -1), module("b", 2), module("c", 0)}, {}, {});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("module 'b' comes before its parent")));
  EXPECT_THAT(
      [] {
        Tally({module("", -1)}, {}, {{0, 0, Cost()}});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("a row points outside")));
  EXPECT_THAT(
      [] {
        Tally({module("", -1)}, {op("aten::mm", "", VerdictKind::kCounted)}, {{1, 0, Cost()}});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("a row points outside")));
}

// One layer, called forward, backward, and again while a checkpoint recomputes.
TEST(Tally, ByPhase) {
  const Tally tally({module("", -1), module("fc", 0)}, {op("aten::mm", "", VerdictKind::kCounted)},
                    {{1, 0, cost(1, 10), DType::kFloat32, Phase::kForward},
                     {1, 0, cost(2, 20), DType::kFloat32, Phase::kBackward},
                     {0, 0, cost(1, 5), DType::kFloat32, Phase::kBackward},
                     {1, 0, cost(1, 10), DType::kFloat32, Phase::kRecompute}});
  EXPECT_THAT(tally.by_phase(), ElementsAre(Pair("backward", cost(3, 25)), Pair("forward", cost(1, 10)),
                                            Pair("optimizer", Cost()), Pair("other", Cost()), Pair("recompute", cost(1, 10))));
  EXPECT_EQ(tally.by_module_and_phase().at("fc").at("backward"), cost(2, 20));
  EXPECT_EQ(tally.by_module_and_phase().at("").at("backward"), cost(3, 25));
}

// a.tail is called by b: by owner it is a part of a, by caller of b.
TEST(Tally, OwnerAndCaller) {
  const std::vector<ModuleInfo> modules = {module("", -1), module("a", 0), module("a.tail", 1), module("b", 0)};
  const Tally tally(
      modules, {op("aten::mm", "", VerdictKind::kCounted)},
      {{2, 0, cost(1, 10), DType::kFloat32, Phase::kForward, 2}, {2, 0, cost(1, 7), DType::kFloat32, Phase::kForward, 4}},
      {{0, -1}, {1, 0}, {2, 1}, {3, 0}, {2, 3}});
  EXPECT_EQ(tally.by_module().at("a"), cost(2, 17));
  EXPECT_EQ(tally.by_module().at("b"), Cost());
  const auto by_caller = tally.by_module(Ancestors::kCaller);
  EXPECT_EQ(by_caller.at(""), cost(2, 17));
  EXPECT_EQ(by_caller.at("a"), cost(1, 10));
  EXPECT_EQ(by_caller.at("b"), cost(1, 7));
  EXPECT_EQ(by_caller.at("a.tail"), cost(2, 17));
  EXPECT_EQ(tally.by_module_and_operator(Ancestors::kCaller).at("b").at("aten::mm"), cost(1, 7));
}

// A module that calls itself is on the stack twice, and counts once.
TEST(Tally, ACallerCountsOnce) {
  const Tally tally({module("", -1), module("a", 0)}, {op("aten::mm", "", VerdictKind::kCounted)},
                    {{1, 0, cost(1, 10), DType::kFloat32, Phase::kForward, 2}}, {{0, -1}, {1, 0}, {1, 1}});
  EXPECT_EQ(tally.by_module(Ancestors::kCaller).at("a"), cost(1, 10));
}

TEST(Tally, RefusesFramesThatPointOutside) {
  const std::vector<ModuleInfo> modules = {module("", -1), module("a", 0)};
  const std::vector<OperatorInfo> operators = {op("aten::mm", "", VerdictKind::kCounted)};
  EXPECT_THROW(Tally(modules, operators, {}, {{0, -1}, {2, 0}}), std::invalid_argument);
  EXPECT_THROW(Tally(modules, operators, {}, {{0, -1}, {1, 1}}), std::invalid_argument);
  EXPECT_THROW(Tally(modules, operators, {{1, 0, cost(1, 1), DType::kFloat32, Phase::kForward, 0}}, {{0, -1}}),
               std::invalid_argument);
}

}  // namespace
}  // namespace torchtally
