// HardwareCounters: the floating-point operations that the CPU retires, as its own counters say.
//
// Note [Counters of floating-point operations]
// Intel's FP_ARITH_INST_RETIRED counts instructions, one event for each width and type (a fused multiply-add counts twice): each
// is weighted by the elements that a vector of it holds. AMD's "retired SSE and AVX FLOPs" counts operations (a fused
// multiply-add is two). Either counts what runs, masked-off elements and speculative vector tails of a kernel's last iteration
// included, so it is rarely exactly what was counted. Dot products of bfloat16 count on Zen 4 only, those of int8 and tiles (AMX)
// nowhere.
//
// Codes are those of the tables that Linux's perf has from the vendors, tools/perf/pmu-events/arch/x86: mapfile.csv for which CPU
// is which, FP_ARITH_INST_RETIRED.* and fp_ret_sse_avx_ops.all in <CPU>/floating-point.json for the events. The same code means
// something else on other CPUs (Intel's before Broadwell and its small cores; unit masks differ among AMD's), so a CPU that is
// not in the list is not counted on.
#ifndef TORCHTALLY_SRC_CLI_HARDWARE_COUNTERS_H_
#define TORCHTALLY_SRC_CLI_HARDWARE_COUNTERS_H_

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace torchtally::cli {

// An event of the CPU, as perf_event_open() takes it, and what one of it stands for.
struct HardwareEvent {
  std::uint64_t config;  // umask << 8 | event
  int operations;        // each; elements of a vector
};

// As /proc/cpuinfo has it.
struct CpuId {
  std::string vendor;  // "GenuineIntel"
  int family = 0;
  int model = 0;
};
CpuId read_cpu_id(std::istream& cpuinfo);

// Empty: none is known.
std::vector<HardwareEvent> events_of(const CpuId& cpu);

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
