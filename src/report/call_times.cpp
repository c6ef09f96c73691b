#include "torchtally/call_times.h"

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "report/cells.h"
#include "report/text_columns.h"
#include "torchtally/report.h"

namespace torchtally {
namespace {

using Row = std::pair<std::string, TimedCost>;

double seconds_of(const TimedCost& timed) { return std::chrono::duration<double>(timed.time).count(); }

// "12.50 ms".
std::string human_time(std::chrono::nanoseconds time) {
  constexpr double kSecond = 1e9;
  constexpr double kMillisecond = 1e6;
  constexpr double kMicrosecond = 1e3;
  const auto count = static_cast<double>(time.count());
  if (count >= kSecond) return report::human_number(count / kSecond) + " s";
  if (count >= kMillisecond) return report::human_number(count / kMillisecond) + " ms";
  if (count >= kMicrosecond) return report::human_number(count / kMicrosecond) + " µs";
  return std::to_string(time.count()) + " ns";
}

Count per_second(Count count, double seconds) {
  return seconds <= 0 ? Count(0) : Count(static_cast<std::int64_t>(static_cast<double>(std::int64_t{count}) / seconds));
}

// The time that the roofline allows, as a part of the time that it took.
std::string share_of_roofline(const TimedCost& timed, const TimesOptions& options) {
  const auto flops = static_cast<double>(std::int64_t{timed.cost.flops});
  const auto bytes = static_cast<double>(std::int64_t{timed.cost.bytes()});
  const double least = std::max(flops / options.peak_flops, bytes / options.bandwidth);
  const double took = seconds_of(timed);
  return took <= 0 || least <= 0 ? "" : report::human_share(least / took);
}

std::vector<Row> rows_of(const CallTimes& times, const TimesOptions& options) {
  std::vector<Row> rows;
  if (options.by_module) {
    for (auto& [name, timed] : times.by_module()) {
      const auto level = name.empty() ? 0 : 1 + std::count(name.begin(), name.end(), '.');
      if (options.depth < 0 || level <= options.depth) rows.emplace_back(name.empty() ? "(root)" : name, timed);
    }
  } else {
    for (auto& [name, timed] : times.by_operator()) rows.emplace_back(name, timed);
  }
  if (!options.by_module || options.top > 0) {
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.second.time > b.second.time; });
  }
  return rows;
}

}  // namespace

template <typename OfKey>
auto CallTimes::sums(OfKey of_key) const {
  std::map<std::decay_t<decltype(of_key(std::declval<const Key&>()))>, TimedCost> sums;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, timed] : times_) sums[of_key(key)] += timed;
  return sums;
}

void CallTimes::on_call(const CallRecord& record) noexcept {
  if (record.verdict == VerdictKind::kUnknown) return;
  const std::lock_guard lock(mutex_);
  times_[{std::string(record.module), std::string(record.op), record.phase, record.dtype}] +=
      TimedCost{record.cost, record.time()};
}

TimedCost CallTimes::total() const {
  const std::lock_guard lock(mutex_);
  TimedCost total;
  for (const auto& [key, timed] : times_) total += timed;
  return total;
}

std::map<std::string, TimedCost> CallTimes::by_operator() const {
  return sums([](const Key& key) { return key.op; });
}

std::map<std::pair<std::string, std::string>, TimedCost> CallTimes::by_module_and_operator() const {
  return sums([](const Key& key) { return std::pair(key.module, key.op); });
}

std::map<Phase, TimedCost> CallTimes::by_phase() const {
  return sums([](const Key& key) { return key.phase; });
}

std::map<DType, TimedCost> CallTimes::by_dtype() const {
  return sums([](const Key& key) { return key.dtype; });
}

std::map<std::string, TimedCost> CallTimes::by_module() const {
  std::map<std::string, TimedCost> with_below;
  for (const auto& [module, timed] : sums([](const Key& key) { return key.module; })) {
    for (std::string name = module; !name.empty();) {
      with_below[name] += timed;
      const std::size_t dot = name.rfind('.');
      name.resize(dot == std::string::npos ? 0 : dot);
    }
    with_below[""] += timed;
  }
  return with_below;
}

std::string to_table(const CallTimes& times, const TimesOptions& options) {
  using report::Align;
  const bool has_roofline = options.peak_flops > 0 && options.bandwidth > 0;
  std::vector<std::string> titles = {
      options.by_module ? "Module" : "Operator", "Time", "Share", "Calls", "FLOPs", "FLOP/s", "Bytes/s"};
  if (has_roofline) titles.emplace_back("Of roofline");
  std::vector<Align> alignment(titles.size(), Align::kRight);
  alignment[0] = Align::kLeft;
  report::TextColumns table(std::move(alignment));
  table.add_row(std::move(titles));

  const double whole = seconds_of(times.total());
  std::vector<Row> rows = rows_of(times, options);
  std::size_t left_out = 0;
  if (options.top > 0 && rows.size() > static_cast<std::size_t>(options.top)) {
    left_out = rows.size() - static_cast<std::size_t>(options.top);
    rows.resize(static_cast<std::size_t>(options.top));
  }
  for (const auto& [name, timed] : rows) {
    const double seconds = seconds_of(timed);
    std::vector<std::string> cells = {name,
                                      human_time(timed.time),
                                      report::human_share(whole > 0 ? seconds / whole : 0),
                                      human_count(timed.cost.calls),
                                      human_count(timed.cost.flops),
                                      human_count(per_second(timed.cost.flops, seconds)),
                                      report::human_bytes(per_second(timed.cost.bytes(), seconds))};
    if (has_roofline) cells.push_back(share_of_roofline(timed, options));
    table.add_row(std::move(cells));
  }
  std::string text = table.str(static_cast<std::size_t>(options.width));
  if (left_out > 0) text += "and " + std::to_string(left_out) + " more\n";
  return text;
}

}  // namespace torchtally
