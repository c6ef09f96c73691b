// CallTimes: how long the calls took, by operator and by module, beside what they cost.
//
//   torchtally::CallTimes times;
//   {
//     torchtally::CountingGuard guard(*model, torchtally::FormulaSet::builtin(), &times);
//     model->forward(x);
//   }
//   torchtally::TimesOptions options;
//   options.peak_flops = 1.2e12;
//   options.bandwidth = 60e9;
//   std::cout << torchtally::to_table(times, options);
//
// Times are those of the kernels (CallRecord::time()); the first run of a program is slower than the next ones. What an
// operator without a verdict calls inside is told of by itself, so such an operator's own time is not added up.
//
// Thread-safety: on_call() from any thread; the rest when no guard uses it any more.
#ifndef TORCHTALLY_CALL_TIMES_H_
#define TORCHTALLY_CALL_TIMES_H_

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include "torchtally/call_observer.h"
#include "torchtally/export.h"

namespace torchtally {

struct TimedCost {
  Cost cost;
  std::chrono::nanoseconds time{0};

  TimedCost& operator+=(const TimedCost& other) {
    cost += other.cost;
    time += other.time;
    return *this;
  }
};

class TORCHTALLY_API CallTimes : public CallObserver {
 public:
  void on_call(const CallRecord& record) noexcept override;

  TimedCost total() const;
  std::map<std::string, TimedCost> by_operator() const;
  // By name, with everything below it; "" is the root.
  std::map<std::string, TimedCost> by_module() const;
  // By name, directly in the module.
  std::map<std::pair<std::string, std::string>, TimedCost> by_module_and_operator() const;
  std::map<Phase, TimedCost> by_phase() const;
  std::map<DType, TimedCost> by_dtype() const;

 private:
  struct Key {
    std::string module;
    std::string op;
    Phase phase;
    DType dtype;
    bool operator<(const Key& other) const {
      return std::tie(module, op, phase, dtype) < std::tie(other.module, other.op, other.phase, other.dtype);
    }
  };
  // The sums by what of_key(key) gives.
  template <typename OfKey>
  auto sums(OfKey of_key) const;

  mutable std::mutex mutex_;
  std::map<Key, TimedCost> times_;
};

struct TimesOptions {
  bool by_module = false;  // rows are modules with everything below them, in the order of their names; otherwise operators
  int depth = -1;          // levels of modules below the root; negative: all
  int top = 0;             // the first so many rows, longest first; 0: all
  int width = 0;           // as ReportOptions::width
  double peak_flops = 0;   // FLOP/s of this machine, for the share of the roofline; 0: not known, no such column
  double bandwidth = 0;    // bytes/s of this machine; likewise
};

// Time, its share, calls, FLOPs, achieved FLOP/s and bytes/s and, if peak and bandwidth are known, the share of what the roofline
// allows at the row's FLOPs per byte.
TORCHTALLY_API std::string to_table(const CallTimes& times, const TimesOptions& options = {});

}  // namespace torchtally

#endif  // TORCHTALLY_CALL_TIMES_H_
