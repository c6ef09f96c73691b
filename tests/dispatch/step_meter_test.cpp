#include "torchtally/step_meter.h"

#include <gmock/gmock.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "support.h"
#include "torchtally/phase_scope.h"

namespace torchtally::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

// Rows of 8 inputs to 12 outputs, no bias; a heavy branch that the sizes of the inputs do not tell.
struct Net : torch::nn::Module {
  Net() { register_module("fc", fc); }
  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = fc->forward(x);
    return heavy ? y + fc->forward(x) : y;
  }
  torch::nn::Linear fc = torch::nn::Linear(torch::nn::LinearOptions(8, 12).bias(false));
  bool heavy = false;
};

constexpr std::int64_t macs_of(std::int64_t rows) { return rows * 8 * 12; }

struct Loop {
  explicit Loop(StepMeter::Options options = {}) : meter(net, std::move(options)) {}

  const StepRecord& run(std::int64_t rows) {
    const at::Tensor x = at::randn({rows, 8});
    {
      const auto step = meter.step({x});
      optimizer.zero_grad();
      net.forward(x).sum().backward();
      optimizer.step();
    }
    return meter.last();
  }

  Net net;
  torch::optim::SGD optimizer{net.parameters(), torch::optim::SGDOptions(0.1)};
  StepMeter meter;
};

StepMeter::Options every(int n) {
  StepMeter::Options options;
  options.every = n;
  return options;
}

TEST(StepMeter, CountsEveryStepByPhase) {
  Loop loop;
  EXPECT_EQ(loop.meter.last().step, 0);
  for (int i = 1; i <= 3; ++i) {
    const StepRecord& record = loop.run(5);
    EXPECT_EQ(record.step, i);
    EXPECT_EQ(record.in(Phase::kForward).macs, macs_of(5));
    EXPECT_EQ(record.in(Phase::kBackward).macs, macs_of(5));
    EXPECT_EQ(record.in(Phase::kOptimizer).flops, 2 * 8 * 12);
    EXPECT_EQ(record.model_flops(), 4 * macs_of(5));
    EXPECT_EQ(record.hardware_flops(), 4 * macs_of(5));
    EXPECT_FALSE(record.reused);
    EXPECT_GT(record.seconds, 0);
    EXPECT_GT(record.flops_per_second(), 0);
  }
  EXPECT_EQ(loop.meter.tally().by_module_and_phase().at("fc").at("backward").macs, 3 * macs_of(5));
  EXPECT_TRUE(thread_is_clean());
}

TEST(StepMeter, OnlyNewSizesAreCounted) {
  Loop loop(every(0));
  const std::vector<std::int64_t> rows = {5, 5, 7, 5, 7, 9};
  const std::vector<bool> reused = {false, true, false, true, true, false};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const StepRecord& record = loop.run(rows[i]);
    EXPECT_EQ(record.reused, reused[i]) << i;
    EXPECT_EQ(record.in(Phase::kForward).macs, macs_of(rows[i])) << i;
  }
  EXPECT_EQ(loop.meter.tally().total().macs, 2 * (macs_of(5) + macs_of(7) + macs_of(9)));
}

TEST(StepMeter, EveryThirdStepIsCounted) {
  Loop loop(every(3));
  std::vector<bool> reused;
  for (int i = 0; i < 7; ++i) reused.push_back(loop.run(5).reused);
  EXPECT_EQ(reused, (std::vector<bool>{false, true, true, false, true, true, false}));
}

TEST(StepMeter, AStepThatIsNotCountedLeavesTheThreadAlone) {
  Net net;
  StepMeter meter(net, every(0));
  { const auto counted = meter.step(); }
  const auto step = meter.step();
  EXPECT_FALSE(step.is_counted());
  EXPECT_FALSE(key_is_included());
}

// The third step takes another branch: it reuses what is wrong. The fourth, which is counted, says so; then that is known.
TEST(StepMeter, AWrongReuseIsReportedByTheNextCountedStep) {
  Loop loop(every(3));
  loop.run(5);
  loop.run(5);
  loop.net.heavy = true;
  EXPECT_TRUE(loop.run(5).reused);
  const StepRecord& counted = loop.run(5);
  EXPECT_FALSE(counted.reused);
  EXPECT_TRUE(counted.differs);
  EXPECT_EQ(counted.in(Phase::kForward).macs, 2 * macs_of(5));
  EXPECT_THAT(to_progress(counted), HasSubstr("DIFFERS"));
  EXPECT_EQ(loop.meter.differing_steps(), 1);
  EXPECT_EQ(loop.run(5).in(Phase::kForward).macs, 2 * macs_of(5));
}

TEST(StepMeter, SeveralForwardsAndEvaluationInOneStep) {
  Net net;
  StepMeter meter(net);
  {
    const auto step = meter.step();
    net.forward(at::randn({5, 8})).sum().backward();
    net.forward(at::randn({3, 8})).sum().backward();
    const PhaseScope evaluation(Phase::kOther);
    net.forward(at::randn({2, 8}));
  }
  net.forward(at::randn({100, 8}));  // between two steps
  EXPECT_EQ(meter.last().in(Phase::kForward).macs, macs_of(8));
  EXPECT_EQ(meter.last().in(Phase::kBackward).macs, macs_of(8));
  EXPECT_EQ(meter.last().in(Phase::kOther).macs, macs_of(2));
}

TEST(StepMeter, InsideOfAGuardBothCount) {
  Loop loop;
  CountingGuard guard;
  loop.run(5);
  loop.run(5);
  EXPECT_EQ(macs(guard), 4 * macs_of(5));
  EXPECT_EQ(loop.meter.last().total().macs, 2 * macs_of(5));
}

TEST(StepMeter, AStepThatThrowsIsNotRecorded) {
  Loop loop;
  loop.run(5);
  EXPECT_THROW(
      {
        const auto step = loop.meter.step();
        product();
        throw std::runtime_error("out of data");
      },
      std::runtime_error);
  EXPECT_EQ(loop.meter.last().step, 1);
  EXPECT_EQ(loop.run(5).total().macs, 2 * macs_of(5));  // without what the step before it had counted
  EXPECT_TRUE(thread_is_clean());
}

// A cast gives the parameters other storages, by which they are known.
TEST(StepMeter, AModelThatIsMovedAfterwardsIsFoundByItsParameters) {
  Net net;
  StepMeter meter(net);
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kFloat}) {
    net.to(dtype);
    const auto step = meter.step();
    net.forward(at::ones({5, 8}, dtype));
  }
  EXPECT_EQ(module_macs(meter.tally(), "fc"), 3 * macs_of(5));
}

TEST(StepMeter, AStepInWhichAGuardStaysOpenIsNotRecorded) {
  Loop loop;
  loop.run(5);
  CountingGuard* left_open = nullptr;
  EXPECT_THROW(
      {
        const auto step = loop.meter.step();
        product();
        left_open = new CountingGuard;
      },
      GuardMisuse);
  delete left_open;  // it is on top still, and takes out what was closed around it
  EXPECT_EQ(loop.meter.last().step, 1);
  EXPECT_EQ(loop.run(5).total().macs, 2 * macs_of(5));
  EXPECT_TRUE(thread_is_clean());
}

TEST(StepMeter, AStepThatIsSaidToHaveFailedIsNotRecorded) {
  Loop loop(every(0));
  {
    auto step = loop.meter.step();
    product();
    step.set_failed();
  }
  EXPECT_EQ(loop.meter.last().step, 0);
  const StepRecord record = loop.run(5);
  EXPECT_FALSE(record.reused);
  EXPECT_EQ(record.total().macs, 2 * macs_of(5));
}

TEST(StepMeter, StepsDoNotNest) {
  StepMeter meter;
  const auto step = meter.step();
  EXPECT_THROW(static_cast<void>(meter.step()), std::logic_error);
}

TEST(StepMeter, RefusesOptionsThatMakeNoSense) {
  EXPECT_THROW(StepMeter{every(-1)}, std::invalid_argument);
  StepMeter::Options options;
  options.smoothing = 1;
  EXPECT_THROW(StepMeter{options}, std::invalid_argument);
  options = {};
  options.peak_flops = -1;
  EXPECT_THROW(StepMeter{options}, std::invalid_argument);
}

TEST(StepMeter, TellsEachStep) {
  std::vector<StepRecord> records;
  StepMeter::Options options;
  options.peak_flops = 1e12;
  options.on_step = [&](const StepRecord& record) {
    records.push_back(record);
    product();  // is part of no step
  };
  Loop loop(options);
  loop.run(5);
  loop.run(5);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].total().macs, 2 * macs_of(5));
  EXPECT_NEAR(records[1].average_seconds, 0.9 * records[0].seconds + 0.1 * records[1].seconds, 1e-9);

  const Json json = Json::parse(to_json_line(records[1]));
  EXPECT_EQ(json["schema"], "torchtally.step/1");
  EXPECT_EQ(json["step"], 2);
  EXPECT_EQ(json["by_phase"]["backward"]["macs"], macs_of(5));
  EXPECT_EQ(json["model_flops"], 4 * macs_of(5));
  EXPECT_DOUBLE_EQ(json["mfu"], 4.0 * static_cast<double>(macs_of(5)) / records[1].seconds / 1e12);
  EXPECT_THAT(to_progress(records[1]), HasSubstr("MFU"));
}

// 100 multiply-accumulates forward of which a mask leaves 60, once again for recomputation, 200 backward; half a second, peak
// 4000.
TEST(StepRecord, ModelAndHardware) {
  StepRecord record;
  record.seconds = 0.5;
  record.peak_flops = 4000;
  for (const Phase phase : {Phase::kForward, Phase::kRecompute}) {
    Cost& cost = record.by_phase[static_cast<std::size_t>(phase)];
    cost.add_macs(100);
    cost.masked_macs = 40;
  }
  record.by_phase[static_cast<std::size_t>(Phase::kBackward)].add_macs(200);
  EXPECT_EQ(record.model_flops(), 2 * (60 + 200));
  EXPECT_EQ(record.hardware_flops(), 2 * 400);
  EXPECT_DOUBLE_EQ(record.mfu(), 520 / 0.5 / 4000);
  EXPECT_DOUBLE_EQ(record.hfu(), 800 / 0.5 / 4000);
  EXPECT_EQ(StepRecord().mfu(), 0);
  EXPECT_EQ(Json::parse(to_json_line(StepRecord()))["mfu"], nullptr);
  EXPECT_THAT(to_progress(StepRecord()), Not(HasSubstr("MFU")));
}

TEST(StepRecord, SharesAreOfArithmetic) {
  StepRecord record;
  record.step = 1;
  record.seconds = 0.5;
  EXPECT_EQ(to_progress(record), "step 1  500 ms  0 FLOP  0 FLOP/s");
  record.by_phase[static_cast<std::size_t>(Phase::kForward)].calls = 3;  // views
  EXPECT_EQ(to_progress(record), "step 1  500 ms  0 FLOP  0 FLOP/s");
  record.by_phase[static_cast<std::size_t>(Phase::kForward)].flops = 100;
  record.by_phase[static_cast<std::size_t>(Phase::kBackward)].calls = 1;
  record.by_phase[static_cast<std::size_t>(Phase::kBackward)].flops = 1900;
  EXPECT_EQ(to_progress(record), "step 1  500 ms  2.000 kFLOP (5 % forward, 95 % backward)  4.000 kFLOP/s");
}

TEST(Peak, IsMeasuredOrKnown) {
  EXPECT_GT(measure_peak(DType::kFloat32, 0.05), 1e9);  // any machine of this century
  EXPECT_THROW(measure_peak(DType::kInt64), std::invalid_argument);
  EXPECT_EQ(known_peak("NVIDIA H100 80GB HBM3", DType::kBFloat16), 989.4e12);
  EXPECT_EQ(known_peak("NVIDIA H100 PCIe", DType::kBFloat16), 756e12);
  EXPECT_EQ(known_peak("NVIDIA A100-SXM4-40GB", DType::kFloat32), 156e12);
  EXPECT_EQ(known_peak("An abacus", DType::kFloat32), 0);
  EXPECT_EQ(known_peak("Tesla T4", DType::kInt64), 0);
}

// In the drivers' spelling, which appends what a model comes with to its name.
TEST(Peak, ADeviceIsKnownByTheWholeName) {
  EXPECT_EQ(known_peak("NVIDIA A100-SXM4-80GB", DType::kBFloat16), 312e12);
  EXPECT_EQ(known_peak("NVIDIA A100 80GB PCIe", DType::kBFloat16), 312e12);
  EXPECT_EQ(known_peak("Tesla V100-SXM2-16GB", DType::kFloat16), 125e12);
  EXPECT_EQ(known_peak("NVIDIA GeForce RTX 4090", DType::kFloat16), 165.2e12);
  EXPECT_EQ(known_peak("A10G", DType::kBFloat16), 70e12);
  EXPECT_EQ(known_peak("NVIDIA L4", DType::kBFloat16), 121e12);
  EXPECT_EQ(known_peak("NVIDIA L40S", DType::kBFloat16), 362.05e12);
  EXPECT_EQ(known_peak("NVIDIA L40", DType::kBFloat16), 181.05e12);
  for (const char* other : {"NVIDIA RTX A1000", "NVIDIA T400 4GB", "NVIDIA L40G", "NVIDIA A10M", "NVIDIA GeForce RTX 4090 D",
                            "NVIDIA H100 NVL", "NVIDIA GeForce RTX 4090 Laptop GPU"}) {
    EXPECT_EQ(known_peak(other, DType::kBFloat16), 0) << other;
  }
}

// Tensor cores that multiply float16 only.
TEST(Peak, IsUnknownForATypeThatTheDeviceDoesNotMultiply) {
  for (const char* device : {"Tesla V100-SXM2-16GB", "Tesla T4"}) {
    EXPECT_GT(known_peak(device, DType::kFloat16), 0) << device;
    EXPECT_EQ(known_peak(device, DType::kBFloat16), 0) << device;
  }
}

}  // namespace
}  // namespace torchtally::testing
