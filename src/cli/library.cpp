#include "cli/library.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <torch/version.h>
#include <unistd.h>

#include <filesystem>

#include "cli/failure.h"

namespace torchtally::cli {
namespace {

// A library that is built for another LibTorch may crash while it registers its operators, before anything can be said about it:
// a child tries first.
bool crashes(const std::string& file) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
    ::_exit(0);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFSIGNALED(status);
}

}  // namespace

void load_library(const std::string& path) {
  // A path without a slash would be searched for in the system's folders only.
  const std::string file = path.find('/') == std::string::npos && std::filesystem::exists(path) ? "./" + path : path;
  const std::string built_for = std::string("\n  It has to be built for LibTorch ") + TORCH_VERSION + ".";
  if (crashes(file)) throw Failure("cannot load --library " + path + ": it crashes when it is loaded" + built_for);
  if (::dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    throw Failure("cannot load --library " + path + ": " + ::dlerror() + built_for);
  }
}

}  // namespace torchtally::cli
