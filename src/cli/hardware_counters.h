// HardwareCounters: the floating-point operations that the CPU retires, as its own counters say.
//
// Note [Counters of floating-point operations]
// Intel's FP_ARITH_INST_RETIRED counts instructions, one event for each width and type (a fused multiply-add counts twice): each
// is weighted by the elements that a vector of it holds. AMD's "retired SSE and AVX FLOPs" counts operations. Either counts what
// runs, masked-off elements and speculative vector tails of a kernel's last iteration included, so it is rarely exactly what was
// counted. bfloat16 and int8 dot products are in neither.
#ifndef TORCHTALLY_SRC_CLI_HARDWARE_COUNTERS_H_
#define TORCHTALLY_SRC_CLI_HARDWARE_COUNTERS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace torchtally::cli {

// An event of the CPU, as perf_event_open() takes it, and what one of it stands for.
struct HardwareEvent {
  std::uint64_t config;  // umask << 8 | event
  int operations;        // each; elements of a vector
};

// By /proc/cpuinfo's vendor_id. Empty: none is known.
std::vector<HardwareEvent> events_of_vendor(std::string_view vendor);

// What an event's file says: the count, and how long it was wanted and really ran, as there may be fewer counters than events.
struct HardwareReading {
  std::uint64_t count = 0;
  std::uint64_t enabled = 0;
  std::uint64_t running = 0;
};

// The operations of all events; counts of events that ran a part of the time are scaled up. `readings` are in the order of
// `events`.
double operations_of(const std::vector<HardwareEvent>& events, const std::vector<HardwareReading>& readings);

// Counts from its construction on: this process's threads, and those that they start.
class [[nodiscard]] HardwareCounters {
 public:
  HardwareCounters();
  ~HardwareCounters();
  HardwareCounters(const HardwareCounters&) = delete;
  HardwareCounters& operator=(const HardwareCounters&) = delete;
  HardwareCounters(HardwareCounters&&) = delete;
  HardwareCounters& operator=(HardwareCounters&&) = delete;

  // Why there are none; empty if there are.
  const std::string& why_not() const { return why_not_; }
  // So far; 0 if there are no counters.
  double operations() const;

 private:
  bool open(int thread);

  std::vector<HardwareEvent> events_;
  std::vector<int> files_;  // for each thread, one for each event
  std::string why_not_;
};

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_HARDWARE_COUNTERS_H_
