// What reports show: which rows, which columns, in which order.
//
//   torchtally::ReportOptions options;
//   options.by = {torchtally::GroupBy::kOperator};
//   options.sort = torchtally::Column::kBytes;
//   options.top = 10;
//   std::cout << torchtally::to_table(tally, options);
//
// Thread-safety: plain values, pure functions.
#ifndef TORCHTALLY_REPORT_OPTIONS_H_
#define TORCHTALLY_REPORT_OPTIONS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "torchtally/export.h"
#include "torchtally/tally.h"

namespace torchtally {

// What a row stands for.
enum class GroupBy : std::uint8_t { kModule, kOperator, kPhase, kDType };

inline constexpr std::array<GroupBy, 4> kGroupings = {GroupBy::kModule, GroupBy::kOperator, GroupBy::kPhase, GroupBy::kDType};

// "module", "operator", "phase", "dtype".
TORCHTALLY_API std::string_view group_name(GroupBy group);
TORCHTALLY_API std::optional<GroupBy> group_from_name(std::string_view name);

// What stands in a row. Those of modules (type, parameters, trainable, module_calls, inputs, outputs) are empty in rows that
// stand for anything else.
enum class Column : std::uint8_t {
  kType,
  kParameters,
  kTrainable,    // parameters that require a gradient
  kModuleCalls,  // ModuleInfo::calls
  kCalls,        // leaf operator calls
  kMacs,
  kFlops,
  kShare,  // of all FLOPs
  kTranscendentals,
  kActivations,
  kBytes,  // read and written
  kBytesRead,
  kBytesWritten,
  kBytesCommunicated,
  kMaskedMacs,
  kIntensity,  // FLOPs per byte
  kDType,      // types of the arithmetic
  kPhase,      // phases in which something ran
  kInputs,     // sizes of the tensors that the module was last called with
  kOutputs,
};

inline constexpr std::array<Column, 20> kColumns = {Column::kType,
                                                    Column::kParameters,
                                                    Column::kTrainable,
                                                    Column::kModuleCalls,
                                                    Column::kCalls,
                                                    Column::kMacs,
                                                    Column::kFlops,
                                                    Column::kShare,
                                                    Column::kTranscendentals,
                                                    Column::kActivations,
                                                    Column::kBytes,
                                                    Column::kBytesRead,
                                                    Column::kBytesWritten,
                                                    Column::kBytesCommunicated,
                                                    Column::kMaskedMacs,
                                                    Column::kIntensity,
                                                    Column::kDType,
                                                    Column::kPhase,
                                                    Column::kInputs,
                                                    Column::kOutputs};

// "type", "parameters", "module_calls", "bytes_read", ...
TORCHTALLY_API std::string_view column_name(Column column);
TORCHTALLY_API std::optional<Column> column_from_name(std::string_view name);
// Whether rows can be ordered by it: not by type, dtype, phase, inputs and outputs.
TORCHTALLY_API bool is_number(Column column);

struct ReportOptions {
  // Levels of modules below the root; negative: all. Where rows stand for more than modules, what is deeper counts for the module
  // at that depth.
  int depth = -1;
  // Rows by module alone are the hierarchy, each with everything below it. Any other choice parts the whole: {kModule, kOperator}
  // has what ran directly in each module, and the rows add up to the total.
  std::vector<GroupBy> by = {GroupBy::kModule};
  // Empty: the usual ones for `by`; in CSV all.
  std::vector<Column> columns;
  // Greatest first, in a tree among those below one module. Nothing: modules and phases in their own order, anything else by
  // FLOPs.
  std::optional<Column> sort;
  // The first so many rows; in a tree so many below each module. 0: all.
  int top = 0;
  // Whose cost a module's is where one calls another that it does not own: tally.h. By caller, modules side by side may have
  // parts in common, and only stacks (to_folded(), to_html()) add up to the total.
  Ancestors ancestors = Ancestors::kOwner;
  // Tables and Markdown by module: a module that only wraps another, with the same figures, shares its row.
  bool fold = true;
  // Characters a line may have: long names are shortened in the middle, and what is still longer is cut. 0: any number.
  int width = 0;
  // ANSI escape codes for a terminal.
  bool colour = false;
};

}  // namespace torchtally

#endif  // TORCHTALLY_REPORT_OPTIONS_H_
