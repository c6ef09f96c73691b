// DeviceTimer: how long a device with a queue of its own (CUDA) was busy with a call.
//
// Two events of c10's around the call in the device's current stream, which is how any backend tells time. To have the answer
// with the call the timer waits for the device: observed calls on a device run one after another.
//
// Not thread-safe: of one call, on its thread.
#ifndef TORCHTALLY_SRC_DISPATCH_DEVICE_TIMER_H_
#define TORCHTALLY_SRC_DISPATCH_DEVICE_TIMER_H_

#include <chrono>
#include <memory>
#include <optional>

#include "dispatch/call_tensors.h"

namespace torchtally::dispatch {

class DeviceTimer {
 public:
  // Null if none of the tensors is on a device that can tell: the CPU, meta tensors, backends without timed events, any with
  // LibTorch before 2, whose events have no time.
  static std::unique_ptr<DeviceTimer> of(CallTensors tensors);

  virtual ~DeviceTimer() = default;
  // Before and after the call puts its work into the queue.
  virtual void begin() noexcept = 0;
  virtual void end() noexcept = 0;
  // Waits. Nothing if an event failed.
  virtual std::optional<std::chrono::nanoseconds> time() noexcept = 0;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_DEVICE_TIMER_H_
