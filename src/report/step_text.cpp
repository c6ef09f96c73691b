#include <cstdio>
#include <nlohmann/json.hpp>

#include "torchtally/cost_counter.h"
#include "torchtally/report.h"
#include "torchtally/step_record.h"

namespace torchtally {
namespace {

using Json = nlohmann::ordered_json;

std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string time_text(double seconds) {
  constexpr double kMilli = 1e-3;
  return seconds >= 1 ? number("%.3g s", seconds) : number("%.3g ms", seconds / kMilli);
}

std::string percent(double share) { return number("%.1f %%", 100 * share); }

std::int64_t exact(Count count) { return count; }

// "3.628 GFLOP", "312 FLOP".
std::string flop_text(Count flops) {
  const std::string text = human_count(flops);
  const bool has_prefix = text.back() > '9';
  return text + (has_prefix ? "FLOP" : " FLOP");
}

// "33 % forward, 67 % backward": of a step that has arithmetic.
std::string shares_text(const StepRecord& record, const Cost& total) {
  std::string text;
  for (const Phase phase : kPhases) {
    if (record.in(phase).calls == 0) continue;
    const double share = static_cast<double>(exact(record.in(phase).flops)) / static_cast<double>(exact(total.flops));
    text += (text.empty() ? "" : ", ") + number("%.0f %% ", 100 * share) + std::string(phase_name(phase));
  }
  return text;
}

Json cost_json(const Cost& cost) {
  Json json = Json::object();
  for (const CostCounter& counter : kCostCounters) {
    if (counter.member != nullptr) json[std::string(counter.name)] = exact(counter.of(cost));
  }
  return json;
}

}  // namespace

std::string to_progress(const StepRecord& record) {
  const Cost total = record.total();
  std::string text = "step " + std::to_string(record.step) + "  " + time_text(record.seconds) + "  " + flop_text(total.flops);
  if (total.flops > 0) text += " (" + shares_text(record, total) + ")";
  text += "  " + flop_text(static_cast<std::int64_t>(record.flops_per_second())) + "/s";
  if (record.peak_flops > 0) text += "  MFU " + percent(record.mfu()) + "  HFU " + percent(record.hfu());
  if (record.reused) text += "  reused";
  if (record.differs) text += "  DIFFERS from what was reused";
  return text;
}

std::string to_json_line(const StepRecord& record) {
  Json phases = Json::object();
  for (const Phase phase : kPhases) phases[std::string(phase_name(phase))] = cost_json(record.in(phase));
  const bool has_peak = record.peak_flops > 0;
  const Json json = {{"schema", "torchtally.step/1"},
                     {"step", record.step},
                     {"seconds", record.seconds},
                     {"average_seconds", record.average_seconds},
                     {"flops_per_second", record.flops_per_second()},
                     {"model_flops", exact(record.model_flops())},
                     {"hardware_flops", exact(record.hardware_flops())},
                     {"average_model_flops_per_second", record.average_model_flops},
                     {"peak_flops_per_second", has_peak ? Json(record.peak_flops) : Json(nullptr)},
                     {"mfu", has_peak ? Json(record.mfu()) : Json(nullptr)},
                     {"hfu", has_peak ? Json(record.hfu()) : Json(nullptr)},
                     {"reused", record.reused},
                     {"differs", record.differs},
                     {"by_phase", std::move(phases)}};
  return json.dump() + "\n";
}

}  // namespace torchtally
