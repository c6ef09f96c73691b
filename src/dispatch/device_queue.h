// Devices that work through a queue of their own (CUDA): the host goes on before what it put there is done.
#ifndef TORCHTALLY_SRC_DISPATCH_DEVICE_QUEUE_H_
#define TORCHTALLY_SRC_DISPATCH_DEVICE_QUEUE_H_

#include <c10/core/Device.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace torchtally::dispatch {

inline bool has_queue(c10::Device device) {
  return !device.is_cpu() && !device.is_meta() && c10::impl::hasDeviceGuardImpl(device.type());
}

// The one that operators on the device use now.
inline c10::Stream current_queue(c10::Device device) { return c10::impl::VirtualGuardImpl(device.type()).getStream(device); }

// Until what is in the queue is done. At once where there is none.
inline void wait_for(c10::Device device) {
  if (has_queue(device)) current_queue(device).synchronize();
}

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_DEVICE_QUEUE_H_
