#include "cli/library.h"

#include <dlfcn.h>
#include <torch/version.h>

#include <filesystem>

#include "cli/failure.h"

namespace torchtally::cli {

void load_library(const std::string& path) {
  // A path without a slash would be searched for in the system's folders only.
  const std::string file = path.find('/') == std::string::npos && std::filesystem::exists(path) ? "./" + path : path;
  if (::dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    throw Failure("cannot load --library " + path + ": " + ::dlerror() + "\n  It has to be built for LibTorch " + TORCH_VERSION +
                  ".");
  }
}

}  // namespace torchtally::cli
