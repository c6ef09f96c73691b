// Heap allocations of this thread: operator new counts them.
#ifndef TORCHTALLY_BENCH_ALLOCATIONS_H_
#define TORCHTALLY_BENCH_ALLOCATIONS_H_

#include <cstdint>

namespace torchtally::bench {

std::int64_t allocations();

}  // namespace torchtally::bench

#endif  // TORCHTALLY_BENCH_ALLOCATIONS_H_
