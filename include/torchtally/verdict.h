// What is known about an operator: its kind of verdict, and why it costs no arithmetic where it costs none.
#ifndef TORCHTALLY_VERDICT_H_
#define TORCHTALLY_VERDICT_H_

#include <cstdint>
#include <string_view>

#include "torchtally/export.h"

namespace torchtally {

enum class VerdictKind : std::uint8_t {
  kUnknown,  // no one has said: reported by name, what it calls inside is counted
  kZero,     // costs no arithmetic, for a ZeroReason
  kCounted,  // a formula gives its cost
};

enum class ZeroReason : std::uint8_t {
  kView,        // a new view of the same memory: nothing is touched
  kMetadata,    // a question about, or a change of, shape, type or place: nothing is touched
  kFactory,     // makes a tensor: bytes written only
  kCopy,        // copies, casts, gathers or moves elements: bytes only
  kComparison,  // compares, selects or works on truth values: bytes only
  kRandom,      // draws random numbers: bytes written only
  kIgnored,     // the user said so: nothing at all
};

// "view", "metadata", ...
TORCHTALLY_API std::string_view zero_reason_name(ZeroReason reason);

}  // namespace torchtally

#endif  // TORCHTALLY_VERDICT_H_
