// random_tally: tallies to hold properties against.
#ifndef TORCHTALLY_TESTS_REPORT_RANDOM_TALLY_H_
#define TORCHTALLY_TESTS_REPORT_RANDOM_TALLY_H_

#include "torchtally/tally.h"

namespace torchtally::testing {

struct Sizes {
  int modules = 40;
  int operators = 15;
  int rows = 300;
};

// The same for the same seed. Modules nest, some share, some are scopes only; operators have overloads and all verdicts; rows
// have every phase and several dtypes. Counters stay small enough that no sum of them saturates.
Tally random_tally(unsigned seed, const Sizes& sizes = {});

}  // namespace torchtally::testing

#endif  // TORCHTALLY_TESTS_REPORT_RANDOM_TALLY_H_
