// What the figures of a report do not say by themselves, in words.
#ifndef TORCHTALLY_SRC_REPORT_COVERAGE_H_
#define TORCHTALLY_SRC_REPORT_COVERAGE_H_

#include <string>

#include "torchtally/tally.h"

namespace torchtally::report {

// Unknown operators with their calls, modules that a formula of their own counts, modules in which nothing ran, counters that
// left 64 bits. Empty if there is nothing to say; otherwise an empty line, then whole lines.
std::string coverage_notes(const Tally& tally, bool colour);

}  // namespace torchtally::report

#endif  // TORCHTALLY_SRC_REPORT_COVERAGE_H_
