// diff: what has changed between two tallies, for a review of "what did this change cost".
//
//   torchtally::TallyDiff change = torchtally::diff(tally_from_json(old_text), tally_from_json(new_text));
//   std::cout << torchtally::to_text(change);
//   if (change.largest_relative_change() > 0.01) ...
//
// Modules are matched by name. One whose name is only in one of the two is matched with its namesake below a renamed parent, then
// with one that is alike: of the same type, parameters, costs and children; then with the only one left below the same parent
// that is alike but for its costs. What is then left was added or removed.
//
// Thread-safety: plain values, pure functions.
#ifndef TORCHTALLY_DIFF_H_
#define TORCHTALLY_DIFF_H_

#include <optional>
#include <string>
#include <vector>

#include "torchtally/cost.h"
#include "torchtally/export.h"
#include "torchtally/tally.h"

namespace torchtally {

// A module in both tallies or one of them; costs are with everything below it.
struct ModuleChange {
  std::optional<std::string> name_before;  // nothing: added
  std::optional<std::string> name_after;   // nothing: removed
  std::string type;                        // after the change, or before it if removed
  ParameterCount parameters_before;
  ParameterCount parameters_after;
  Cost before;
  Cost after;

  bool is_renamed() const { return name_before && name_after && *name_before != *name_after; }
  bool is_same() const {
    return name_before == name_after && before == after && parameters_before.total == parameters_after.total;
  }
};

// What an operator (all overloads together), a phase or a dtype costs.
struct CostChange {
  std::string name;
  Cost before;
  Cost after;

  bool is_same() const { return before == after; }
};

struct TORCHTALLY_API TallyDiff {
  Cost before;
  Cost after;
  ParameterCount parameters_before;
  ParameterCount parameters_after;
  // All of either, also those that are the same.
  std::vector<ModuleChange> modules;  // in the order of `after`, then the removed ones
  std::vector<CostChange> operators;  // by name
  std::vector<CostChange> phases;     // in the order of kPhases
  std::vector<CostChange> dtypes;     // by name

  // Nothing differs: no name, no cost, no number of parameters.
  bool is_same() const;
  // Of the totals of MACs, FLOPs, transcendentals, bytes (read and written), activations and of the parameters: the largest
  // |after - before| / before; infinite where something was 0 before.
  double largest_relative_change() const;
};

// `ancestors`: whose cost a module's is (tally.h).
TORCHTALLY_API TallyDiff diff(const Tally& before, const Tally& after, Ancestors ancestors = Ancestors::kOwner);

struct DiffOptions {
  int top = 0;    // modules and operators shown, those of the largest change in FLOPs and bytes first; 0: all, in their order
  int width = 0;  // as ReportOptions::width
  bool colour = false;  // as ReportOptions::colour
};

// The totals, then the modules, operators, phases and dtypes that changed.
TORCHTALLY_API std::string to_text(const TallyDiff& diff, const DiffOptions& options = {});
TORCHTALLY_API std::string to_markdown(const TallyDiff& diff, const DiffOptions& options = {});
// Schema torchtally.diff/1, exact integers, what changed only: docs/json.md.
TORCHTALLY_API std::string to_json(const TallyDiff& diff);

}  // namespace torchtally

#endif  // TORCHTALLY_DIFF_H_
