// The arguments of the operators whose formulas count multiply-adds, as the dispatcher of LibTorch 2.13.0 or 1.13.1 has them.
#ifndef TORCHTALLY_TESTS_FORMULAS_LOOP_NESTS_SIGNATURES_H_
#define TORCHTALLY_TESTS_FORMULAS_LOOP_NESTS_SIGNATURES_H_

#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "formulas/table.h"

namespace torchtally::loop_nests {

struct Signature {
  std::string_view name;       // without in-place underscore
  std::string_view overload;   // of a form without out=
  std::string_view arguments;  // "self, mat2"
};

// Sorted by name and overload. One overload may stand here more than once: as two LibTorches have it, or in place.
absl::Span<const Signature> signatures();

std::vector<std::string_view> argument_names(const Signature& signature);

// Whether an operator has multiply-adds that a loop nest can count: its family says "macs".
bool counts_products(const formulas::Row& row);

}  // namespace torchtally::loop_nests

#endif  // TORCHTALLY_TESTS_FORMULAS_LOOP_NESTS_SIGNATURES_H_
