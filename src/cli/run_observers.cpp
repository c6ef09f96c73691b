#include "cli/run_observers.h"

#include "cli/terminal.h"

namespace torchtally::cli {

RunObservers::RunObservers(const CountOptions& options) : options_(options) {
  if (options.trace.empty()) return;
  file_.emplace(options.trace, "--trace");
  trace_.emplace([this](std::string_view part) { return write(part); });
}

void RunObservers::on_call(const CallRecord& record) noexcept {
  if (options_.time.has_value()) times_.on_call(record);
  if (trace_) trace_->on_call(record);
}

bool RunObservers::write(std::string_view part) {
  try {
    file_->write(part);
    return true;
  } catch (const Failure& failure) {
    failure_ = failure;
    return false;
  }
}

void RunObservers::finish() {
  if (!trace_) return;
  if (!trace_->finish() && failure_) throw Failure(*failure_);
  file_->commit();
}

std::string RunObservers::times_text() const {
  constexpr double kGiga = 1e9;
  const ReportFlags& report = options_.report;
  TimesOptions times;
  times.by_module = options_.time == GroupBy::kModule;
  times.depth = report.options.depth;
  times.top = report.options.top;
  times.width = report.output.empty() ? static_cast<int>(terminal_width()) : 0;
  times.peak_flops = report.peak * kGiga;
  times.bandwidth = report.bandwidth * kGiga;
  return to_table(times_, times);
}

}  // namespace torchtally::cli
