// How a TallyDiff looks: as text, as Markdown, as JSON.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "report/cells.h"
#include "report/colour.h"
#include "report/json_text.h"
#include "report/markdown.h"
#include "report/text_columns.h"
#include "torchtally/diff.h"
#include "torchtally/report.h"

namespace torchtally {
namespace {

using report::Align;

struct Section {
  std::string title;  // empty: none
  std::vector<std::string> titles;
  std::vector<Align> alignment;
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> grew;  // by row: more FLOPs or bytes than before
  std::size_t left_out = 0;
  std::size_t renamed_with_parent = 0;  // modules that have no row
};

using Human = std::string (*)(Count);

// "+121.0 M": what was added or taken away.
std::string difference(Count before, Count after, Human human) {
  if (before == after) return "0";
  return after > before ? "+" + human(after - before) : "-" + human(before - after);
}

// "+3.0 %"; "new" where there was nothing.
std::string relative(Count before, Count after) {
  if (before == after) return "";
  if (before == 0) return "new";
  if (after == 0) return "gone";
  const auto was = static_cast<double>(std::int64_t{before});
  const double change = (static_cast<double>(std::int64_t{after}) - was) / was;
  return (change > 0 ? "+" : "-") + report::human_share(std::abs(change));
}

std::string display_name(const std::string& name) { return name.empty() ? "(root)" : name; }

std::string name_of(const ModuleChange& change) {
  if (!change.name_before) return "+ " + display_name(*change.name_after);
  if (!change.name_after) return "- " + display_name(*change.name_before);
  if (change.is_renamed()) return display_name(*change.name_before) + " → " + display_name(*change.name_after);
  return display_name(*change.name_after);
}

Section totals_section(const TallyDiff& diff) {
  Section section;
  section.titles = {"Total", "Before", "After", "Change", ""};
  section.alignment = {Align::kLeft, Align::kRight, Align::kRight, Align::kRight, Align::kRight};
  const auto add = [&section](const char* name, Count before, Count after, Human human) {
    section.rows.push_back({name, human(before), human(after), difference(before, after, human), relative(before, after)});
    section.grew.push_back(after > before);
  };
  add("Parameters", diff.parameters_before.total, diff.parameters_after.total, &human_count);
  add("MACs", diff.before.macs, diff.after.macs, &human_count);
  add("FLOPs", diff.before.flops, diff.after.flops, &human_count);
  add("Transcendentals", diff.before.transcendentals, diff.after.transcendentals, &human_count);
  add("Bytes", diff.before.bytes(), diff.after.bytes(), &report::human_bytes);
  add("Activations", diff.before.activations, diff.after.activations, &human_count);
  add("Calls", diff.before.calls, diff.after.calls, &human_count);
  return section;
}

double size_of_change(const Cost& before, const Cost& after) {
  const auto apart = [](Count a, Count b) {
    return std::abs(static_cast<double>(std::int64_t{a}) - static_cast<double>(std::int64_t{b}));
  };
  return apart(before.flops, after.flops) + apart(before.bytes(), after.bytes());
}

// Those that changed, in their order or, if not all are shown, the largest change first.
template <typename Change, typename IsSame>
std::vector<const Change*> shown(const std::vector<Change>& all, int top, IsSame is_same, std::size_t& left_out) {
  std::vector<const Change*> changes;
  for (const Change& change : all) {
    if (!is_same(change)) changes.push_back(&change);
  }
  left_out = 0;
  if (top <= 0 || changes.size() <= static_cast<std::size_t>(top)) return changes;
  std::stable_sort(changes.begin(), changes.end(), [](const Change* a, const Change* b) {
    return size_of_change(a->before, a->after) > size_of_change(b->before, b->after);
  });
  left_out = changes.size() - static_cast<std::size_t>(top);
  changes.resize(static_cast<std::size_t>(top));
  return changes;
}

void add_costs(Section& section, std::vector<std::string> cells, const Cost& before, const Cost& after) {
  for (std::string cell :
       {human_count(before.flops), human_count(after.flops), difference(before.flops, after.flops, &human_count),
        relative(before.flops, after.flops), difference(before.bytes(), after.bytes(), &report::human_bytes),
        relative(before.bytes(), after.bytes())}) {
    cells.push_back(std::move(cell));
  }
  section.rows.push_back(std::move(cells));
  section.grew.push_back(after.flops > before.flops || after.bytes() > before.bytes());
}

// Modules whose whole change is that one above them was renamed: the line of that one says it.
class RenamedWithParent {
 public:
  explicit RenamedWithParent(const TallyDiff& diff) {
    for (const ModuleChange& change : diff.modules) {
      if (change.is_renamed()) new_names_.emplace(*change.name_before, *change.name_after);
    }
  }
  bool operator()(const ModuleChange& change) const {
    if (!change.is_renamed() || change.before != change.after ||
        change.parameters_before.total != change.parameters_after.total) {
      return false;
    }
    const std::size_t before = change.name_before->rfind('.');
    const std::size_t after = change.name_after->rfind('.');
    if (before == std::string::npos || after == std::string::npos) return false;
    if (change.name_before->substr(before) != change.name_after->substr(after)) return false;
    const auto parent = new_names_.find(change.name_before->substr(0, before));
    return parent != new_names_.end() && parent->second == change.name_after->substr(0, after);
  }

 private:
  std::map<std::string, std::string> new_names_;
};

Section modules_section(const TallyDiff& diff, const DiffOptions& options) {
  Section section;
  section.title = "Modules that changed";
  section.titles = {"Module", "Type", "Parameters", "FLOPs before", "After", "Change", "", "Bytes", ""};
  section.alignment.assign(section.titles.size(), Align::kRight);
  section.alignment[0] = section.alignment[1] = Align::kLeft;
  const RenamedWithParent is_renamed_with_parent(diff);
  const auto is_left_out = [&](const ModuleChange& change) { return change.is_same() || is_renamed_with_parent(change); };
  section.renamed_with_parent =
      static_cast<std::size_t>(std::count_if(diff.modules.begin(), diff.modules.end(), is_renamed_with_parent));
  for (const ModuleChange* change : shown(diff.modules, options.top, is_left_out, section.left_out)) {
    add_costs(section,
              {name_of(*change), change->type,
               difference(change->parameters_before.total, change->parameters_after.total, &human_count)},
              change->before, change->after);
  }
  return section;
}

// Of operators, phases or dtypes.
Section costs_section(const char* title, const char* key, const std::vector<CostChange>& changes, const DiffOptions& options) {
  Section section;
  section.title = title;
  section.titles = {key, "Calls", "FLOPs before", "After", "Change", "", "Bytes", ""};
  section.alignment.assign(section.titles.size(), Align::kRight);
  section.alignment[0] = Align::kLeft;
  const auto is_same = [](const CostChange& change) { return change.is_same(); };
  for (const CostChange* change : shown(changes, options.top, is_same, section.left_out)) {
    add_costs(section, {change->name, difference(change->before.calls, change->after.calls, &human_count)}, change->before,
              change->after);
  }
  return section;
}

// What comes after the totals.
std::vector<Section> sections_of(const TallyDiff& diff, const DiffOptions& options) {
  return {modules_section(diff, options), costs_section("Operators that changed", "Operator", diff.operators, options),
          costs_section("Phases that changed", "Phase", diff.phases, options),
          costs_section("Dtypes that changed", "Dtype", diff.dtypes, options)};
}

std::string more(const Section& section) {
  std::string text = section.left_out > 0 ? "and " + std::to_string(section.left_out) + " more\n" : "";
  if (section.renamed_with_parent > 0) {
    text += "and " + std::to_string(section.renamed_with_parent) + " below renamed modules, the same but for that\n";
  }
  return text;
}

std::string text_of(const Section& section, const DiffOptions& options) {
  if (section.rows.empty()) return "";
  report::TextColumns table(section.alignment);
  table.add_row(section.titles);
  for (const auto& row : section.rows) table.add_row(row);
  std::string text;
  if (!section.title.empty()) text += "\n" + section.title + "\n";
  const std::vector<std::string> lines = table.lines(static_cast<std::size_t>(options.width));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const report::Look how = i == 0                ? report::Look::kHeading
                             : section.grew[i - 1] ? report::Look::kWarning
                                                   : report::Look::kPlain;
    text += look(lines[i], how, options.colour) + "\n";
  }
  return text + more(section);
}

std::string markdown_of(const Section& section) {
  if (section.rows.empty()) return "";
  std::string text = section.title.empty() ? "" : "\n#### " + section.title + "\n\n";
  text += report::markdown_heading(section.titles, section.alignment);
  for (const auto& row : section.rows) text += report::markdown_row(row);
  const std::string rest = more(section);
  return text + (rest.empty() ? "" : "\n" + rest);
}

constexpr char kSame[] = "\nNo module and no operator has changed.\n";

void append_pair(std::string& json, const Cost& before, const Cost& after) {
  json += "\"before\": ";
  report::append_cost(json, before);
  json += ", \"after\": ";
  report::append_cost(json, after);
}

void append_parameters(std::string& json, const ParameterCount& before, const ParameterCount& after) {
  json += "\"parameters\": {\"before\": " + std::to_string(before.total) + ", \"after\": " + std::to_string(after.total) + "}";
}

void append_changes(std::string& json, const char* field, const std::vector<CostChange>& changes) {
  json += std::string(",\n  \"") + field + "\": [";
  bool is_first = true;
  for (const CostChange& change : changes) {
    if (change.is_same()) continue;
    json += (is_first ? "\n    {\"name\": " : ",\n    {\"name\": ") + report::json_string(change.name) + ", ";
    is_first = false;
    append_pair(json, change.before, change.after);
    json += "}";
  }
  json += is_first ? "]" : "\n  ]";
}

std::string json_name(const std::optional<std::string>& name) { return name ? report::json_string(*name) : "null"; }

}  // namespace

std::string to_text(const TallyDiff& diff, const DiffOptions& options) {
  std::string text = text_of(totals_section(diff), options);
  if (diff.is_same()) return text + kSame;
  for (const Section& section : sections_of(diff, options)) text += text_of(section, options);
  return text;
}

std::string to_markdown(const TallyDiff& diff, const DiffOptions& options) {
  std::string text = markdown_of(totals_section(diff));
  if (diff.is_same()) return text + kSame;
  for (const Section& section : sections_of(diff, options)) text += markdown_of(section);
  return text;
}

std::string to_json(const TallyDiff& diff) {
  std::string json = "{\n  \"schema\": \"torchtally.diff/1\",\n  \"same\": ";
  json += diff.is_same() ? "true" : "false";
  json += ",\n  \"totals\": {";
  append_pair(json, diff.before, diff.after);
  json += "},\n  ";
  append_parameters(json, diff.parameters_before, diff.parameters_after);
  json += ",\n  \"modules\": [";
  bool is_first = true;
  for (const ModuleChange& change : diff.modules) {
    if (change.is_same()) continue;
    json += is_first ? "\n    {" : ",\n    {";
    is_first = false;
    json += "\"name_before\": " + json_name(change.name_before) + ", \"name_after\": " + json_name(change.name_after);
    json += ", \"type\": " + report::json_string(change.type) + ", ";
    append_parameters(json, change.parameters_before, change.parameters_after);
    json += ", ";
    append_pair(json, change.before, change.after);
    json += "}";
  }
  json += is_first ? "]" : "\n  ]";
  append_changes(json, "operators", diff.operators);
  append_changes(json, "phases", diff.phases);
  append_changes(json, "dtypes", diff.dtypes);
  return json + "\n}\n";
}

}  // namespace torchtally
