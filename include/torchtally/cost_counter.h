// kCostCounters: the counters of a Cost by name, as JSON, CSV, Python and the command's columns call them.
//
//   for (const torchtally::CostCounter& counter : torchtally::kCostCounters) {
//     std::cout << counter.name << " " << std::int64_t{counter.of(cost)} << "\n";
//   }
//
// Thread-safety: constants.
#ifndef TORCHTALLY_COST_COUNTER_H_
#define TORCHTALLY_COST_COUNTER_H_

#include <array>
#include <string_view>

#include "torchtally/cost.h"

namespace torchtally {

struct CostCounter {
  std::string_view name;  // "bytes_read"
  bool is_bytes;          // otherwise operations, elements or calls
  Count Cost::*member;    // null: matmul_flops, which is made of macs

  constexpr Count of(const Cost& cost) const { return member != nullptr ? cost.*member : cost.matmul_flops(); }
};

// In the order of the reports.
inline constexpr std::array<CostCounter, Cost::kCounters + 1> kCostCounters = {{
    {"macs", false, &Cost::macs},
    {"flops", false, &Cost::flops},
    {"matmul_flops", false, nullptr},
    {"masked_macs", false, &Cost::masked_macs},
    {"transcendentals", false, &Cost::transcendentals},
    {"bytes_read", true, &Cost::bytes_read},
    {"bytes_written", true, &Cost::bytes_written},
    {"bytes_communicated", true, &Cost::bytes_communicated},
    {"activations", false, &Cost::activations},
    {"calls", false, &Cost::calls},
}};

}  // namespace torchtally

#endif  // TORCHTALLY_COST_COUNTER_H_
