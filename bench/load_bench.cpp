// What a process that has LibTorch pays to load the library: load_bench LIBRARY. Microseconds, as JSON; bench/run.py starts it
// several times.
#include <ATen/ops/ones.h>
#include <dlfcn.h>

#include <chrono>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: load_bench LIBRARY\n");
    return 2;
  }
  at::ones({1});  // LibTorch is there, and at work
  const auto start = std::chrono::steady_clock::now();
  if (dlopen(argv[1], RTLD_NOW) == nullptr) {
    std::fprintf(stderr, "load_bench: %s\n", dlerror());
    return 1;
  }
  const std::chrono::duration<double, std::micro> elapsed = std::chrono::steady_clock::now() - start;
  std::printf("{\"load\": %.1f}\n", elapsed.count());
}
