// Devices that a command can run on.
#ifndef TORCHTALLY_SRC_CLI_DEVICE_H_
#define TORCHTALLY_SRC_CLI_DEVICE_H_

#include <c10/core/Device.h>

namespace torchtally::cli {

enum class Device { kCpu, kCuda, kMeta };

// Throws Failure where this LibTorch has no such device.
c10::Device find_device(Device device);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_DEVICE_H_
