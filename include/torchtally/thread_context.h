// ThreadContext and AdoptContext: take the guards, the module and the phase of one thread to another.
//
//   auto context = torchtally::ThreadContext::current();
//   pool.submit([context, replica, x] {
//     torchtally::AdoptContext adopt(context);
//     return replica->forward(x);
//   });
//
// Autograd's workers, at::launch and TorchScript's forks need none of this: LibTorch takes the guards there. For threads that it
// knows nothing of: std::thread, a pool, an OpenMP loop, torch::nn::parallel::parallel_apply() (in the replica's forward).
//
// What the thread counts is part of the guard's tally from then on. Each thread counts for itself, without locks; the
// guard may end before the thread does, whose later counts then nobody sees.
//
// Errors: GuardMisuse from AdoptContext's destructor if it is destroyed out of order or on another thread.
// Thread-safety: a ThreadContext is a value, and may be adopted by any number of threads at once; an AdoptContext belongs to the
// thread that made it.
#ifndef TORCHTALLY_THREAD_CONTEXT_H_
#define TORCHTALLY_THREAD_CONTEXT_H_

#include <memory>

#include "torchtally/export.h"

namespace torchtally {

namespace dispatch {
struct Position;
}

class TORCHTALLY_API ThreadContext {
 public:
  // Of nothing: to adopt it does nothing.
  ThreadContext() = default;
  // Of the calling thread. Of nothing if it does not count, or counting is paused.
  static ThreadContext current();
  // True if some guard or pause is open on the calling thread, or it has adopted a context.
  static bool is_known();

 private:
  friend class AdoptContext;
  std::shared_ptr<const dispatch::Position> position_;
};

class [[nodiscard]] TORCHTALLY_API AdoptContext {
 public:
  [[nodiscard]] explicit AdoptContext(const ThreadContext& context);
  ~AdoptContext() noexcept(false);

  AdoptContext(const AdoptContext&) = delete;
  AdoptContext& operator=(const AdoptContext&) = delete;
  AdoptContext(AdoptContext&&) = delete;
  AdoptContext& operator=(AdoptContext&&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;  // null where there is nothing to adopt
};

}  // namespace torchtally

#endif  // TORCHTALLY_THREAD_CONTEXT_H_
