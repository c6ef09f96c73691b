// The time of a device with a queue of its own: a backend for PrivateUse1 whose kernels take as long as the test says.
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <gtest/gtest.h>
#include <torch/library.h>

#include <chrono>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "torchtally/torchtally.h"

namespace torchtally {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr c10::DeviceType kType = c10::DeviceType::PrivateUse1;

// What is in the device's queue, as the milliseconds until it is done: the host goes on at once. Nobody waits for real.
double queue_end = 0;
int synchronized = 0;
bool events_fail = false;

struct FakeEvent {
  double at = 0;
};

class FakeGuard final : public c10::impl::DeviceGuardImplInterface {
 public:
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device) const override { return {kType, 0}; }
  c10::Device getDevice() const override { return {kType, 0}; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device device) const override { return c10::Stream(c10::Stream::DEFAULT, device); }
  c10::Stream exchangeStream(c10::Stream stream) const override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }

  void record(void** event, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag flag) const override {
    TORCH_CHECK(!events_fail, "this backend has no events");
    TORCH_CHECK(flag == c10::EventFlag::BACKEND_DEFAULT, "an event without time");
    if (*event == nullptr) *event = new FakeEvent();
    static_cast<FakeEvent*>(*event)->at = queue_end;
  }
  void destroyEvent(void* event, const c10::DeviceIndex) const noexcept override { delete static_cast<FakeEvent*>(event); }
  bool queryEvent(void*) const override { return true; }
  void synchronizeEvent(void*) const override { ++synchronized; }
  double elapsedTime(void* from, void* to, const c10::DeviceIndex) const override {
    return static_cast<FakeEvent*>(to)->at - static_cast<FakeEvent*>(from)->at;
  }
};

C10_REGISTER_GUARD_IMPL(PrivateUse1, FakeGuard)

at::Tensor on_device(at::IntArrayRef sizes) {
  std::int64_t bytes = sizeof(float);
  for (const std::int64_t size : sizes) bytes *= size;
  c10::Storage storage(c10::Storage::use_byte_size_t(), static_cast<std::size_t>(bytes),
                       c10::DataPtr(nullptr, c10::Device(kType, 0)), nullptr, false);
  at::Tensor tensor = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), c10::scalarTypeToTypeMeta(at::kFloat));
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return tensor;
}

at::Tensor mm(const at::Tensor& a, const at::Tensor& b) {
  queue_end += 20;
  return on_device({a.size(0), b.size(1)});
}

at::Tensor relu(const at::Tensor& self) {
  queue_end += 0.5;
  return on_device(self.sizes());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("mm", mm);
  library.impl("relu", relu);
}

class Recorder : public CallObserver {
 public:
  void on_call(const CallRecord& record) noexcept override {
    times.push_back(record.device_time);
    launches.push_back(record.end - record.begin);
  }
  std::vector<std::optional<nanoseconds>> times;
  std::vector<nanoseconds> launches;
};

TEST(DeviceTime, IsThatOfTheDevicesEvents) {
  const at::Tensor a = on_device({2, 3});
  const at::Tensor b = on_device({3, 4});
  Recorder recorder;
  const CountingGuard guard(FormulaSet::builtin(), &recorder);
  at::relu(at::mm(a, b));
  ASSERT_EQ(recorder.times.size(), 2U);
  EXPECT_EQ(recorder.times[0], milliseconds(20));
  EXPECT_EQ(recorder.times[1], std::chrono::microseconds(500));
  EXPECT_LT(recorder.launches[0], milliseconds(20)) << "the host did not wait inside of the call";
  EXPECT_GE(synchronized, 2);
  EXPECT_EQ(guard.tally().total().macs, 2 * 3 * 4);
}

TEST(DeviceTime, IsWhatReportsOfTimesShow) {
  CallTimes times;
  std::string trace;
  TraceWriter writer([&trace](std::string_view part) {
    trace += part;
    return true;
  });
  {
    const CountingGuard outer(FormulaSet::builtin(), &writer);
    const CountingGuard guard(FormulaSet::builtin(), &times);
    at::mm(on_device({2, 3}), on_device({3, 4}));
  }
  EXPECT_EQ(times.by_operator().at("aten::mm").time, milliseconds(20));
  ASSERT_TRUE(writer.finish());
  EXPECT_NE(trace.find("\"device_ns\":20000000"), std::string::npos) << trace;
  EXPECT_NE(trace.find("\"flops_per_second\":2400,"), std::string::npos) << "48 FLOPs in 20 ms";
}

TEST(DeviceTime, IsNotAskedForWithoutAnObserver) {
  synchronized = 0;
  const CountingGuard guard;
  at::mm(on_device({2, 3}), on_device({3, 4}));
  EXPECT_EQ(synchronized, 0);
  EXPECT_EQ(guard.tally().total().macs, 2 * 3 * 4);
}

TEST(DeviceTime, IsNothingOnTheCpu) {
  Recorder recorder;
  const CountingGuard guard(FormulaSet::builtin(), &recorder);
  at::relu(at::ones({2}));
  for (const auto& time : recorder.times) EXPECT_EQ(time, std::nullopt);
}

// The last test: a backend that failed is not asked again.
TEST(DeviceTime, IsNothingWhereEventsFail) {
  events_fail = true;
  Recorder recorder;
  const CountingGuard guard(FormulaSet::builtin(), &recorder);
  at::relu(on_device({2}));
  events_fail = false;
  at::relu(on_device({2}));
  EXPECT_EQ(recorder.times, (std::vector<std::optional<nanoseconds>>(2)));
  EXPECT_EQ(guard.tally().by_operator().at("aten::relu").calls, 2);
}

}  // namespace
}  // namespace torchtally
