// tally_from_json: a Tally from what to_json() wrote, so that every report can be made of a saved file.
//
//   std::string torch_version;
//   torchtally::Tally tally = torchtally::tally_from_json(text, &torch_version);
//   std::cout << torchtally::to_table(tally);
//
// Exact: to_json() of the result is the same text. Of the schema's fields it reads those that hold the parts ("modules",
// "operators", "frames", "rows"); the sums are made anew.
//
// Errors: std::invalid_argument that says what is wrong and where: no JSON, another schema, a field that is missing or of another
// kind, an index that points outside.
//
// Thread-safety: a pure function.
#ifndef TORCHTALLY_TALLY_FROM_JSON_H_
#define TORCHTALLY_TALLY_FROM_JSON_H_

#include <string>
#include <string_view>

#include "torchtally/export.h"
#include "torchtally/tally.h"

namespace torchtally {

// `torch_version`, if given, gets the field of that name; it becomes empty where that is null.
TORCHTALLY_API Tally tally_from_json(std::string_view json, std::string* torch_version = nullptr);

}  // namespace torchtally

#endif  // TORCHTALLY_TALLY_FROM_JSON_H_
