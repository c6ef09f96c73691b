#include "cli/hardware_counters.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace torchtally::cli {
namespace {

// Broadwell and later, with the large cores of hybrids: their events are the ones that a raw event of an unnamed kind means.
constexpr int kIntelModels[] = {
    0x3D, 0x47, 0x4F, 0x56,              // Broadwell
    0x4E, 0x5E, 0x8E, 0x9E, 0xA5, 0xA6,  // Skylake, Kaby Lake, Coffee Lake, Comet Lake
    0x55,                                // Skylake-X, Cascade Lake, Cooper Lake
    0x6A, 0x6C, 0x7D, 0x7E,              // Ice Lake
    0x8C, 0x8D, 0xA7,                    // Tiger Lake, Rocket Lake
    0x8F, 0xCF,                          // Sapphire Rapids, Emerald Rapids
    0xAD, 0xAE,                          // Granite Rapids
    0x97, 0x9A, 0xB7, 0xBA, 0xBF,        // Alder Lake, Raptor Lake
    0xAA, 0xAC,                          // Meteor Lake
};

// The unit mask of fp_ret_sse_avx_ops.all; 0: not known. The upper half tells precisions apart on Zen 1, types on Zen 5.
int amd_mask(const CpuId& cpu) {
  constexpr int kZen12 = 23;
  constexpr int kZen34 = 25;
  constexpr int kZen5 = 26;
  if (cpu.family == kZen12) return 0xff;
  if (cpu.family == kZen34) {
    const int group = cpu.model / 16;
    const bool is_zen3 = group == 0 || group == 2 || group == 4 || group == 5;
    return is_zen3 ? 0xff : 0x1f;
  }
  return cpu.family == kZen5 ? 0x0f : 0;
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

CpuId read_cpu_id(std::istream& cpuinfo) {
  CpuId cpu;
  // The first CPU's; the others follow after an empty line.
  for (std::string line; std::getline(cpuinfo, line) && !line.empty();) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string name = line.substr(0, line.find_last_not_of(" \t:", colon) + 1);
    const std::string value = colon + 2 < line.size() ? line.substr(colon + 2) : "";
    if (name == "vendor_id") cpu.vendor = value;
    if (name == "cpu family") cpu.family = std::atoi(value.c_str());
    if (name == "model") cpu.model = std::atoi(value.c_str());
  }
  return cpu;
}

std::vector<HardwareEvent> events_of(const CpuId& cpu) {
  constexpr int kIntelFamily = 6;
  if (cpu.vendor == "GenuineIntel" && cpu.family == kIntelFamily) {
    if (std::find(std::begin(kIntelModels), std::end(kIntelModels), cpu.model) == std::end(kIntelModels)) return {};
    // FP_ARITH_INST_RETIRED: scalar double and single, then packed double and single of 128, 256 and 512 bits.
    return {{0x01C7, 1}, {0x02C7, 1}, {0x04C7, 2}, {0x08C7, 4}, {0x10C7, 4}, {0x20C7, 8}, {0x40C7, 8}, {0x80C7, 16}};
  }
  const int mask = cpu.vendor == "AuthenticAMD" ? amd_mask(cpu) : 0;
  if (mask == 0) return {};
  constexpr std::uint64_t kRetiredFlops = 0x03;
  return {{static_cast<std::uint64_t>(mask) << 8U | kRetiredFlops, 1}};
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

HardwareCounters::HardwareCounters() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  events_ = events_of(read_cpu_id(cpuinfo));
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
