// TraceWriter: a run as a trace for Perfetto (ui.perfetto.dev) or chrome://tracing, written while it runs.
//
//   std::ofstream file("trace.json");
//   torchtally::TraceWriter trace([&file](std::string_view part) { return static_cast<bool>(file << part); });
//   {
//     torchtally::CountingGuard guard(*model, torchtally::FormulaSet::builtin(), &trace);
//     model->forward(x);
//   }
//   if (!trace.finish()) std::cerr << "the trace is incomplete\n";
//
// Every leaf call is a slice on its thread, below its phase and the modules it ran in, with FLOPs, bytes, achieved rates and
// shapes as arguments (rates are those of the device, where it tells its own time: "device_ns"); two counter tracks have the
// FLOPs and bytes so far. Memory is bounded: what is written is forgotten.
//
// Thread-safety: on_call() from any thread; finish() when no guard uses it any more.
#ifndef TORCHTALLY_TRACE_WRITER_H_
#define TORCHTALLY_TRACE_WRITER_H_

#include <functional>
#include <memory>
#include <string_view>

#include "torchtally/call_observer.h"
#include "torchtally/export.h"

namespace torchtally {

class TORCHTALLY_API TraceWriter : public CallObserver {
 public:
  // Takes the next part of the file, and says whether that went well. After a failure it is not called again.
  using Sink = std::function<bool(std::string_view part)>;

  explicit TraceWriter(Sink sink);
  ~TraceWriter() override;

  void on_call(const CallRecord& record) noexcept override;

  // Writes the end. False if the sink failed, now or before.
  bool finish();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace torchtally

#endif  // TORCHTALLY_TRACE_WRITER_H_
