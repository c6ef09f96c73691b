#include "report/coverage.h"

#include <algorithm>
#include <string_view>

#include "report/colour.h"
#include "report/text_columns.h"

namespace torchtally::report {
namespace {

constexpr std::size_t kNamedUncalledModules = 5;

// Kernels of torch.compile, as the Python package names them.
constexpr std::string_view kCompiled = "torch_compile::";
constexpr std::string_view kCompiledNote =
    "torch_compile: what compiled code has fused into kernels of its own, which are named by what is in them. Products and\n"
    "convolutions that it calls as operators are counted.\n";

std::string unknown_operators_note(const Tally& tally, bool colour) {
  const auto unknown = tally.unknown_operators();
  if (unknown.empty()) return "";
  TextColumns lines({Align::kLeft, Align::kRight, Align::kLeft});
  bool any_compiled = false;
  for (const auto& [name, calls] : unknown) {
    any_compiled |= name.compare(0, kCompiled.size(), kCompiled) == 0;
    const std::int64_t exact = calls;
    lines.add_row({"  " + name, std::to_string(exact), exact == 1 ? "call" : "calls"});
  }
  return look("Unknown operators: their own cost is not in the figures above, only what they called inside.", Look::kWarning,
              colour) +
         "\n" + lines.str() + (any_compiled ? std::string(kCompiledNote) : "");
}

std::string uncalled_modules_note(const Tally& tally) {
  const auto uncalled = tally.uncalled_modules();
  if (uncalled.empty()) return "";
  std::string note = std::to_string(uncalled.size()) + (uncalled.size() == 1 ? " module" : " modules") + " not called: ";
  const std::size_t named = std::min(uncalled.size(), kNamedUncalledModules);
  for (std::size_t i = 0; i < named; ++i) note += (i > 0 ? ", " : "") + (uncalled[i].empty() ? "(root)" : uncalled[i]);
  if (uncalled.size() > named) note += " and " + std::to_string(uncalled.size() - named) + " more";
  return note + "\n";
}

}  // namespace

std::string coverage_notes(const Tally& tally, bool colour) {
  std::string notes = unknown_operators_note(tally, colour) + uncalled_modules_note(tally);
  if (tally.saturated()) notes += "A counter left the range of 64 bits: figures with >= say \"at least\".\n";
  return notes.empty() ? notes : "\n" + notes;
}

}  // namespace torchtally::report
