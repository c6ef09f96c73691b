#include "cli/hardware_counters.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace torchtally::cli {
namespace {

std::string vendor_of_cpu() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("vendor_id", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "";
}

std::string reason_of(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "the kernel does not allow it (see /proc/sys/kernel/perf_event_paranoid)";
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
      return "this machine, or its virtualization, has no such counters";
    default:
      return std::strerror(error);
  }
}

}  // namespace

std::vector<HardwareEvent> events_of_vendor(std::string_view vendor) {
  if (vendor == "GenuineIntel") {
    // FP_ARITH_INST_RETIRED: scalar double and single, then packed double and single of 128, 256 and 512 bits.
    return {{0x01C7, 1}, {0x02C7, 1}, {0x04C7, 2}, {0x08C7, 4}, {0x10C7, 4}, {0x20C7, 8}, {0x40C7, 8}, {0x80C7, 16}};
  }
  if (vendor == "AuthenticAMD") return {{0x0F03, 1}};  // retired SSE and AVX FLOPs: add, multiply, divide, fused
  return {};
}

double operations_of(const std::vector<HardwareEvent>& events, const std::vector<HardwareReading>& readings) {
  double sum = 0;
  for (std::size_t i = 0; i < events.size() && i < readings.size(); ++i) {
    const HardwareReading& reading = readings[i];
    if (reading.running == 0) continue;
    const double scale = static_cast<double>(reading.enabled) / static_cast<double>(reading.running);
    sum += static_cast<double>(reading.count) * scale * events[i].operations;
  }
  return sum;
}

HardwareCounters::HardwareCounters() : events_(events_of_vendor(vendor_of_cpu())) {
  if (events_.empty()) {
    why_not_ = "no event of this CPU is known that counts them";
    return;
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", error)) {
    if (!open(std::atoi(entry.path().filename().c_str()))) return;
  }
}

HardwareCounters::~HardwareCounters() {
  for (const int file : files_) ::close(file);
}

bool HardwareCounters::open(int thread) {
  for (const HardwareEvent& event : events_) {
    perf_event_attr attributes = {};
    attributes.size = sizeof(attributes);
    attributes.type = PERF_TYPE_RAW;
    attributes.config = event.config;
    attributes.inherit = 1;  // threads that this one starts
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    const long file = ::syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (file < 0) {
      why_not_ = reason_of(errno);
      return false;
    }
    files_.push_back(static_cast<int>(file));
  }
  return true;
}

double HardwareCounters::operations() const {
  double sum = 0;
  std::vector<HardwareReading> readings;
  for (const int file : files_) {
    HardwareReading reading;
    if (::read(file, &reading, sizeof(reading)) != sizeof(reading)) reading = {};
    readings.push_back(reading);
    if (readings.size() == events_.size()) {
      sum += operations_of(events_, readings);
      readings.clear();
    }
  }
  return why_not_.empty() ? sum : 0;
}

}  // namespace torchtally::cli
