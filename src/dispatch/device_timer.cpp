#include "dispatch/device_timer.h"

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>
#include <torch/version.h>

#include <array>
#include <atomic>
#include <exception>

#include "dispatch/device_queue.h"

namespace torchtally::dispatch {
namespace {

#if TORCH_VERSION_MAJOR >= 2

// Backends whose events have failed once are not asked again: each time would be an exception.
std::atomic<bool>& has_failed(c10::DeviceType type) {
  static std::array<std::atomic<bool>, c10::COMPILE_TIME_MAX_DEVICE_TYPES> failed = {};
  return failed[static_cast<std::size_t>(type)];
}

class EventTimer : public DeviceTimer {
 public:
  explicit EventTimer(c10::Device device)
      : device_(device),
        begin_(device.type(), c10::EventFlag::BACKEND_DEFAULT),
        end_(device.type(), c10::EventFlag::BACKEND_DEFAULT) {}

  void begin() noexcept override { record(begin_); }
  void end() noexcept override { record(end_); }

  std::optional<std::chrono::nanoseconds> time() noexcept override {
    if (is_broken_) return std::nullopt;
    try {
      end_.synchronize();
      const std::chrono::duration<double, std::milli> time(begin_.elapsedTime(end_));
      return std::chrono::duration_cast<std::chrono::nanoseconds>(time);
    } catch (const std::exception&) {
      has_failed(device_.type()) = true;
      return std::nullopt;
    }
  }

 private:
  void record(c10::Event& event) noexcept {
    if (is_broken_) return;
    try {
      event.record(current_queue(device_));
    } catch (const std::exception&) {
      is_broken_ = true;
      has_failed(device_.type()) = true;
    }
  }

  c10::Device device_;
  c10::Event begin_;
  c10::Event end_;
  bool is_broken_ = false;
};

bool can_tell(c10::Device device) { return has_queue(device) && !has_failed(device.type()); }

#endif

}  // namespace

#if TORCH_VERSION_MAJOR >= 2

std::unique_ptr<DeviceTimer> DeviceTimer::of(CallTensors tensors) {
  std::optional<c10::Device> device;
  tensors([&device](const at::Tensor& tensor, bool /*is_listed*/) {
    if (!device && tensor.defined() && can_tell(tensor.device())) device = tensor.device();
  });
  return device ? std::make_unique<EventTimer>(*device) : nullptr;
}

#else

std::unique_ptr<DeviceTimer> DeviceTimer::of(CallTensors /*tensors*/) { return nullptr; }

#endif

}  // namespace torchtally::dispatch
