// observed_thread: the number that observers know the calling thread by.
#ifndef TORCHTALLY_SRC_DISPATCH_OBSERVED_THREAD_H_
#define TORCHTALLY_SRC_DISPATCH_OBSERVED_THREAD_H_

#include <atomic>
#include <cstdint>

namespace torchtally::dispatch {

inline std::uint32_t observed_thread() {
  static std::atomic<std::uint32_t> threads = 0;
  thread_local const std::uint32_t number = ++threads;
  return number;
}

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_OBSERVED_THREAD_H_
