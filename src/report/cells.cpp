#include "report/cells.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "torchtally/cost_counter.h"
#include "torchtally/report.h"

namespace torchtally {
namespace {

constexpr std::array<std::string_view, kGroupings.size()> kGroupNames = {"module", "operator", "phase", "dtype"};

enum class Kind { kText, kCount, kBytes, kRatio };

struct ColumnTraits {
  Column column;
  std::string_view name;
  std::string_view title;
  Kind kind;
  std::string_view before = {};  // what says in a line without titles what the cell is
  std::string_view after = {};
  const CostCounter* counter = nullptr;  // null: not a counter of Cost
};

// A column that shows a counter has its name.
constexpr ColumnTraits counter_column(Column column, Count Cost::*member, std::string_view title, std::string_view after) {
  for (const CostCounter& counter : kCostCounters) {
    if (counter.member != member) continue;
    return {column, counter.name, title, counter.is_bytes ? Kind::kBytes : Kind::kCount, "", after, &counter};
  }
  throw std::logic_error("kCostCounters lacks a counter");
}

constexpr std::array<ColumnTraits, kColumns.size()> kTraits = {{
    {Column::kType, "type", "Type", Kind::kText},
    {Column::kParameters, "parameters", "Parameters", Kind::kCount, "", " params"},
    {Column::kTrainable, "trainable", "Trainable", Kind::kCount, "", " trainable"},
    {Column::kModuleCalls, "module_calls", "Module calls", Kind::kCount, "", " module calls"},
    counter_column(Column::kCalls, &Cost::calls, "Calls", " calls"),
    counter_column(Column::kMacs, &Cost::macs, "MACs", " MACs"),
    counter_column(Column::kFlops, &Cost::flops, "FLOPs", " FLOPs"),
    {Column::kShare, "share", "Share", Kind::kRatio},
    counter_column(Column::kTranscendentals, &Cost::transcendentals, "Transc.", " transc."),
    counter_column(Column::kActivations, &Cost::activations, "Activations", " activations"),
    {Column::kBytes, "bytes", "Bytes", Kind::kBytes},
    counter_column(Column::kBytesRead, &Cost::bytes_read, "Read", " read"),
    counter_column(Column::kBytesWritten, &Cost::bytes_written, "Written", " written"),
    counter_column(Column::kBytesCommunicated, &Cost::bytes_communicated, "Communicated", " communicated"),
    counter_column(Column::kMaskedMacs, &Cost::masked_macs, "Masked MACs", " masked MACs"),
    {Column::kIntensity, "intensity", "FLOPs/byte", Kind::kRatio, "", " FLOPs/B"},
    {Column::kDType, "dtype", "Dtype", Kind::kText},
    {Column::kPhase, "phase", "Phase", Kind::kText},
    {Column::kInputs, "inputs", "Inputs", Kind::kText, "in "},
    {Column::kOutputs, "outputs", "Outputs", Kind::kText, "out "},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kTraits.size(); ++i) {
    if (kTraits[i].column != static_cast<Column>(i) || kColumns[i] != kTraits[i].column) return false;
  }
  return true;
}
static_assert(is_in_order());

constexpr const ColumnTraits& traits(Column column) { return kTraits[static_cast<std::size_t>(column)]; }

}  // namespace

std::string_view group_name(GroupBy group) { return kGroupNames[static_cast<std::size_t>(group)]; }

std::optional<GroupBy> group_from_name(std::string_view name) {
  for (const GroupBy group : kGroupings) {
    if (group_name(group) == name) return group;
  }
  return std::nullopt;
}

std::string_view column_name(Column column) { return traits(column).name; }

std::optional<Column> column_from_name(std::string_view name) {
  for (const Column column : kColumns) {
    if (column_name(column) == name) return column;
  }
  return std::nullopt;
}

bool is_number(Column column) { return traits(column).kind != Kind::kText; }

namespace report {
namespace {

std::string dtypes_text(std::uint64_t dtypes) {
  std::string text;
  for (unsigned i = 0; i < 64; ++i) {
    if ((dtypes >> i & 1U) == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(dtype_name(static_cast<DType>(i)));
  }
  return text;
}

std::string phases_text(std::uint8_t phases) {
  std::string text;
  for (const Phase phase : kPhases) {
    if ((phases >> static_cast<unsigned>(phase) & 1U) == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(phase_name(phase));
  }
  return text;
}

// Of the module itself: it says nothing of a part of it.
const ModuleInfo* module_of(const Listing& listing, const Line& line) {
  return listing.is_hierarchy() ? &listing.tally->modules()[line.module] : nullptr;
}

std::string type_of(const Listing& listing, const Line& line) {
  if (line.module < 0) return "";
  const auto& modules = listing.tally->modules();
  std::string type = modules[line.module].type;
  for (int m = line.module; m != line.outermost;) {
    m = modules[m].parent;
    if (!modules[m].type.empty()) type.insert(0, modules[m].type + " > ");
  }
  return type;
}

std::string text_of(const Listing& listing, const Line& line, Column column) {
  const ModuleInfo* module = module_of(listing, line);
  switch (column) {
    case Column::kType:
      return type_of(listing, line);
    case Column::kDType:
      return dtypes_text(line.dtypes);
    case Column::kPhase:
      return phases_text(line.phases);
    case Column::kInputs:
      return module != nullptr ? sizes_text(module->input_sizes) : "";
    case Column::kOutputs:
      return module != nullptr ? sizes_text(module->output_sizes) : "";
    default:
      return "";
  }
}

bool is_of_module(Column column) {
  return column == Column::kParameters || column == Column::kTrainable || column == Column::kModuleCalls;
}

Count count_cell(const Listing& listing, const Line& line, Column column) {
  const ModuleInfo* module = module_of(listing, line);
  switch (column) {
    case Column::kParameters:
      return module != nullptr ? module->parameters.total : 0;
    case Column::kTrainable:
      return module != nullptr ? module->parameters.trainable : 0;
    case Column::kModuleCalls:
      return module != nullptr ? module->calls : 0;
    default:
      return count_of(line.cost, column);
  }
}

double ratio(const Listing& listing, const Line& line, Column column) {
  if (column == Column::kIntensity) return line.cost.arithmetic_intensity();
  const std::int64_t total = listing.total.flops;
  return total == 0 ? 0 : static_cast<double>(std::int64_t{line.cost.flops}) / static_cast<double>(total);
}

std::string fixed(double number, int decimals) {
  char text[400];  // the largest double has 309 digits
  const auto end = std::to_chars(text, text + sizeof(text), number, std::chars_format::fixed, decimals).ptr;
  return std::string(text, end);
}

}  // namespace

std::string sizes_text(const TensorSizes& tensors) {
  std::string text;
  for (const auto& sizes : tensors) {
    if (!text.empty()) text += ", ";
    for (std::size_t i = 0; i < sizes.size(); ++i) text += (i > 0 ? "x" : "") + std::to_string(sizes[i]);
    if (sizes.empty()) text += "scalar";
  }
  return text;
}

std::string_view title_of(GroupBy group) {
  constexpr std::array<std::string_view, kGroupings.size()> kTitles = {"Module", "Operator", "Phase", "Dtype"};
  return kTitles[static_cast<std::size_t>(group)];
}

std::string_view title_of(Column column) { return traits(column).title; }

Align align_of(Column column) { return is_number(column) ? Align::kRight : Align::kLeft; }

std::string human_key(const Listing& listing, const Line& line, GroupBy group) {
  if (group == GroupBy::kModule && line.module == 0) return "(root)";
  if (group == GroupBy::kModule && line.outermost == 0) return "(root) > " + exact_key(listing, line, group);
  return exact_key(listing, line, group);
}

std::string exact_key(const Listing& listing, const Line& line, GroupBy group) {
  switch (group) {
    case GroupBy::kModule:
      return listing.tally->modules()[line.module].name;
    case GroupBy::kOperator:
      return listing.operators.names[line.op];
    case GroupBy::kPhase:
      return std::string(phase_name(static_cast<Phase>(line.phase)));
    case GroupBy::kDType:
      break;
  }
  const auto dtype = static_cast<DType>(line.dtype);
  return dtype == DType::kUndefined ? "none" : std::string(dtype_name(dtype));
}

Count count_of(const Cost& cost, Column column) {
  if (column == Column::kBytes) return cost.bytes();
  const CostCounter* const counter = traits(column).counter;
  if (counter == nullptr) {
    throw std::invalid_argument("torchtally: '" + std::string(column_name(column)) + "' is no count of operators");
  }
  return counter->of(cost);
}

std::string human_bytes(Count bytes) {
  const std::string text = human_count(bytes);
  const bool has_prefix = text.back() > '9';
  return text + (has_prefix ? "B" : " B");
}

std::string human_share(double share) {
  if (share == 0) return "0 %";
  if (share < 0.001) return "<0.1 %";
  return fixed(share * 100, 1) + " %";
}

std::string human_number(double number) {
  if (number == 0) return "0";
  if (number >= 1000) return human_count(static_cast<std::int64_t>(std::min(number, 9e18)));
  const int digits_before = number >= 100 ? 3 : number >= 10 ? 2 : number >= 1 ? 1 : 0;
  return fixed(number, 4 - digits_before);
}

std::string human_cell(const Listing& listing, const Line& line, Column column) {
  if (is_of_module(column) && !listing.is_hierarchy()) return "";
  switch (traits(column).kind) {
    case Kind::kText:
      return text_of(listing, line, column);
    case Kind::kCount:
      return human_count(count_cell(listing, line, column));
    case Kind::kBytes:
      return human_bytes(count_of(line.cost, column));
    case Kind::kRatio:
      break;
  }
  const double value = ratio(listing, line, column);
  return column == Column::kShare ? human_share(value) : human_number(value);
}

std::string labelled_cell(const Listing& listing, const Line& line, Column column) {
  std::string cell = human_cell(listing, line, column);
  if (cell.empty()) return cell;
  return std::string(traits(column).before) + cell + std::string(traits(column).after);
}

std::string exact_cell(const Listing& listing, const Line& line, Column column) {
  if (is_of_module(column) && !listing.is_hierarchy()) return "";
  switch (traits(column).kind) {
    case Kind::kText:
      return text_of(listing, line, column);
    case Kind::kCount:
    case Kind::kBytes:
      return std::to_string(std::int64_t{count_cell(listing, line, column)});
    case Kind::kRatio:
      break;
  }
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), ratio(listing, line, column)).ptr;
  return std::string(text, end);
}

std::vector<std::string> titles_of(const Listing& listing) {
  std::vector<std::string> titles;
  for (const GroupBy group : listing.by) titles.emplace_back(title_of(group));
  for (const Column column : listing.columns) titles.emplace_back(title_of(column));
  return titles;
}

std::vector<Align> alignment_of(const Listing& listing) {
  std::vector<Align> alignment(listing.by.size(), Align::kLeft);
  for (const Column column : listing.columns) alignment.push_back(align_of(column));
  return alignment;
}

std::vector<std::string> human_cells(const Listing& listing, const Line& line) {
  std::vector<std::string> cells;
  cells.reserve(listing.by.size() + listing.columns.size());
  for (const GroupBy group : listing.by) cells.push_back(human_key(listing, line, group));
  for (const Column column : listing.columns) cells.push_back(human_cell(listing, line, column));
  return cells;
}

double number(const Listing& listing, const Line& line, Column column) {
  switch (traits(column).kind) {
    case Kind::kText:
      return 0;
    case Kind::kCount:
    case Kind::kBytes:
      return static_cast<double>(std::int64_t{count_cell(listing, line, column)});
    case Kind::kRatio:
      break;
  }
  return ratio(listing, line, column);
}

}  // namespace report
}  // namespace torchtally
