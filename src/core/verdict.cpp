#include "torchtally/verdict.h"

namespace torchtally {

std::string_view zero_reason_name(ZeroReason reason) {
  switch (reason) {
    case ZeroReason::kView:
      return "view";
    case ZeroReason::kMetadata:
      return "metadata";
    case ZeroReason::kFactory:
      return "factory";
    case ZeroReason::kCopy:
      return "copy";
    case ZeroReason::kComparison:
      return "comparison";
    case ZeroReason::kRandom:
      return "random";
    case ZeroReason::kIgnored:
      return "ignored";
  }
  return "";
}

}  // namespace torchtally
