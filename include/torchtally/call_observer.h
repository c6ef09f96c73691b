// CallObserver: is told of every call that a guard counts, with its time.
//
//   torchtally::TraceWriter trace([&file](std::string_view part) { return static_cast<bool>(file << part); });
//   torchtally::CountingGuard guard(model, torchtally::FormulaSet::builtin(), &trace);
//
// An observed guard counts the same and costs more: about a microsecond a call, and what the observer takes. On a device with a
// queue of its own each call is waited for, so that its time is known: no work overlaps, and CUDA graphs cannot be captured.
// Where no guard has an observer, nothing is slower.
//
// Thread-safety: on_call() is called on the thread that made the call, on several at once.
#ifndef TORCHTALLY_CALL_OBSERVER_H_
#define TORCHTALLY_CALL_OBSERVER_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "torchtally/cost.h"
#include "torchtally/dtype.h"
#include "torchtally/op_call.h"
#include "torchtally/phase.h"
#include "torchtally/verdict.h"

namespace torchtally {

// One call of a leaf operator that has returned. Valid during on_call() only.
struct CallRecord {
  std::string_view op;        // "aten::add"
  std::string_view overload;  // "Tensor"
  std::string_view module;    // its name: "layer1.0"; "" for the root
  Phase phase = Phase::kForward;
  DType dtype = DType::kUndefined;
  VerdictKind verdict = VerdictKind::kUnknown;  // if unknown: calls inside of it are told of too, before it
  Cost cost;
  // Arguments and results; null where the cost does not depend on them (a view, say).
  const OpCall* call = nullptr;
  // While its kernel ran. On a device with a queue of its own: while it was put there. A module's formula
  // (module_formula.h, `op` is "torchtally::module(...)") has the time of the module's scope where it replaces what is counted
  // inside, and none where it adds to that.
  std::chrono::steady_clock::time_point begin;
  std::chrono::steady_clock::time_point end;
  // How long a device with a queue of its own was busy with it, by the device's events. Nothing on the CPU, for calls that take
  // no tensor there, for backends whose events do not tell, and before LibTorch 2.
  std::optional<std::chrono::nanoseconds> device_time;
  std::uint32_t thread = 0;  // counts from 1, in the order in which threads were first observed

  // Of the device, or else of the call.
  std::chrono::nanoseconds time() const { return device_time ? *device_time : std::chrono::nanoseconds(end - begin); }
};

class CallObserver {
 public:
  CallObserver() = default;
  CallObserver(const CallObserver&) = delete;
  CallObserver& operator=(const CallObserver&) = delete;
  virtual ~CallObserver() = default;

  // Must not run operators of its own: nobody would count them, and they would take the call's time.
  virtual void on_call(const CallRecord& record) noexcept = 0;
};

}  // namespace torchtally

#endif  // TORCHTALLY_CALL_OBSERVER_H_
