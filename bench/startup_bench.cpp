// What a process pays once: the first guard, which looks at every operator that is registered, beside later ones. Microseconds,
// as JSON; bench/run.py starts it several times.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "torchtally/counting_guard.h"

namespace {

double microseconds_of_a_guard() {
  const auto start = std::chrono::steady_clock::now();
  { const torchtally::CountingGuard guard; }
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main() {
  const double first = microseconds_of_a_guard();
  double later = microseconds_of_a_guard();
  for (int i = 0; i < 100; ++i) later = std::min(later, microseconds_of_a_guard());
  std::printf("{\"first guard\": %.1f, \"later guards\": %.1f}\n", first, later);
}
