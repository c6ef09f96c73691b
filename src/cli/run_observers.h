// RunObservers: what torchtally count --time and --trace watch a run with.
#ifndef TORCHTALLY_SRC_CLI_RUN_OBSERVERS_H_
#define TORCHTALLY_SRC_CLI_RUN_OBSERVERS_H_

#include <optional>
#include <string>

#include "cli/count_options.h"
#include "cli/failure.h"
#include "cli/output_file.h"
#include "torchtally/call_times.h"
#include "torchtally/trace_writer.h"

namespace torchtally::cli {

class RunObservers : private CallObserver {
 public:
  // `options` has to outlive it. Throws Failure if the trace cannot be written.
  explicit RunObservers(const CountOptions& options);

  // What the guard needs; null if nobody watches.
  CallObserver* observer() { return options_.time.has_value() || trace_.has_value() ? this : nullptr; }

  // Completes the trace. Throws Failure.
  void finish();

  std::string times_text() const;
  const CallTimes& times() const { return times_; }

 private:
  void on_call(const CallRecord& record) noexcept override;
  bool write(std::string_view part);

  const CountOptions& options_;
  CallTimes times_;
  std::optional<OutputFile> file_;
  std::optional<Failure> failure_;  // of writing: no operator is the place to throw it
  std::optional<TraceWriter> trace_;
};

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_RUN_OBSERVERS_H_
