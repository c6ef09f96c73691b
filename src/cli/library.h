// Loads what --library names.
#ifndef TORCHTALLY_SRC_CLI_LIBRARY_H_
#define TORCHTALLY_SRC_CLI_LIBRARY_H_

#include <string>

namespace torchtally::cli {

// Loads a shared library, which registers its operators. Throws Failure.
void load_library(const std::string& path);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_LIBRARY_H_
