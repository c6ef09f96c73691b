#include "report/listing.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "report/cells.h"
#include "report/hierarchy.h"

namespace torchtally::report {
namespace {

std::uint64_t dtype_bit(DType dtype) {
  const auto number = static_cast<unsigned>(dtype);
  return number < 64 ? std::uint64_t{1} << number : 0;  // kUndefined is no type
}

void add_row(Line& line, const Tally::Row& row) {
  line.cost += row.cost;
  line.dtypes |= dtype_bit(row.dtype);
  if (row.cost.calls > 0) line.phases = static_cast<std::uint8_t>(line.phases | 1U << static_cast<unsigned>(row.phase));
}

void add_line(Line& line, const Line& other) {
  line.cost += other.cost;
  line.dtypes |= other.dtypes;
  line.phases |= other.phases;
}

// By index in Tally::modules(): with everything below it, or called by it.
std::vector<Line> inclusive_lines(const Tally& tally, Ancestors ancestors) {
  const auto& modules = tally.modules();
  const auto& frames = tally.frames();
  std::vector<Line> of_modules(modules.size());
  std::vector<Line> of_frames(frames.size());
  for (const Tally::Row& row : tally.rows()) {
    const bool by_caller = ancestors == Ancestors::kCaller && row.frame != -1;
    add_row(by_caller ? of_frames[row.frame] : of_modules[row.module], row);
  }
  for (std::size_t i = modules.size(); i-- > 1;) add_line(of_modules[modules[i].parent], of_modules[i]);
  std::vector<int> last_frame(modules.size(), -1);  // a module that calls itself is on the stack more than once
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (of_frames[i].cost == Cost()) continue;
    for (int f = static_cast<int>(i); f != -1; f = frames[f].caller) {
      int& last = last_frame[frames[f].module];
      if (std::exchange(last, static_cast<int>(i)) != static_cast<int>(i)) add_line(of_modules[frames[f].module], of_frames[i]);
    }
  }
  return of_modules;
}

std::vector<Line> hierarchy_lines(const Tally& tally, const ReportOptions& options, bool may_fold) {
  const std::vector<Line> sums = inclusive_lines(tally, options.ancestors);
  std::vector<Cost> costs;
  if (may_fold && options.fold) {
    for (const Line& sum : sums) costs.push_back(sum.cost);
  }
  std::vector<Line> lines;
  for (const Node& node : depth_first(tally, options.depth, costs.empty() ? nullptr : &costs)) {
    lines.push_back(sums[node.module]);
    lines.back().module = node.module;
    lines.back().outermost = node.outermost;
  }
  return lines;
}

std::vector<Line> grouped_lines(const Tally& tally, const ReportOptions& options, const OperatorNames& operators) {
  const auto is_by = [&options](GroupBy group) {
    return std::find(options.by.begin(), options.by.end(), group) != options.by.end();
  };
  const bool by_module = is_by(GroupBy::kModule);
  const bool by_operator = is_by(GroupBy::kOperator);
  const bool by_phase = is_by(GroupBy::kPhase);
  const bool by_dtype = is_by(GroupBy::kDType);
  const std::vector<int> owners = by_module ? ancestors_at(tally, options.depth) : std::vector<int>();
  const bool by_caller = by_module && options.ancestors == Ancestors::kCaller;
  const std::vector<int> callers = by_caller ? callers_at(tally, options.depth) : std::vector<int>();

  std::vector<Line> lines;
  absl::flat_hash_map<std::tuple<int, int, int, int>, std::size_t> places;
  for (const Tally::Row& row : tally.rows()) {
    const bool has_caller = by_caller && row.frame != -1;
    const int module = has_caller ? callers[row.frame] : by_module ? owners[row.module] : -1;
    const int op = by_operator ? operators.by_operator[row.op] : -1;
    const int phase = by_phase ? static_cast<int>(row.phase) : -1;
    const int dtype = by_dtype ? static_cast<int>(row.dtype) : -1;
    const auto [place, is_new] = places.try_emplace({module, op, phase, dtype}, lines.size());
    if (is_new) {
      Line line;
      line.module = line.outermost = module;
      line.op = op;
      line.phase = phase;
      line.dtype = dtype;
      lines.push_back(line);
    }
    add_row(lines[place->second], row);
  }
  return lines;
}

std::vector<Column> usual_columns(bool is_hierarchy) {
  if (is_hierarchy) return {Column::kType, Column::kParameters, Column::kMacs, Column::kFlops, Column::kActivations};
  return {Column::kCalls,           Column::kMacs,  Column::kFlops,    Column::kShare,
          Column::kTranscendentals, Column::kBytes, Column::kIntensity};
}

void sort(Listing& listing, const ReportOptions& options) {
  const auto order = [](const Line& line) { return std::make_tuple(line.module, line.phase, line.op, line.dtype); };
  if (!listing.is_hierarchy()) {  // as the tally has them, they come in any order
    std::sort(listing.lines.begin(), listing.lines.end(), [&](const Line& a, const Line& b) { return order(a) < order(b); });
  }
  const bool in_order = listing.by[0] == GroupBy::kModule || listing.by[0] == GroupBy::kPhase;
  if (!options.sort && in_order) return;
  const Column column = options.sort.value_or(Column::kFlops);
  std::stable_sort(listing.lines.begin(), listing.lines.end(),
                   [&](const Line& a, const Line& b) { return number(listing, a, column) > number(listing, b, column); });
}

}  // namespace

void check_sort(const std::optional<Column>& sort) {
  if (!sort || is_number(*sort)) return;
  throw std::invalid_argument("torchtally: rows cannot be sorted by the column '" + std::string(column_name(*sort)) + "'");
}

Listing make_listing(const Tally& tally, const ReportOptions& options, bool may_fold) {
  if (options.by.empty()) throw std::invalid_argument("torchtally: a report has to be by something");
  check_sort(options.sort);
  Listing listing;
  listing.tally = &tally;
  listing.by = options.by;
  listing.columns = options.columns.empty() ? usual_columns(listing.is_hierarchy()) : options.columns;
  listing.operators = operator_names(tally);
  listing.total = tally.total();
  listing.lines =
      listing.is_hierarchy() ? hierarchy_lines(tally, options, may_fold) : grouped_lines(tally, options, listing.operators);
  sort(listing, options);
  if (options.top > 0 && listing.lines.size() > static_cast<std::size_t>(options.top)) {
    listing.left_out = listing.lines.size() - static_cast<std::size_t>(options.top);
    listing.lines.resize(static_cast<std::size_t>(options.top));
  }
  return listing;
}

}  // namespace torchtally::report
