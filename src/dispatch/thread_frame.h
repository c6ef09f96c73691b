// ThreadFrame: the one place that changes a thread's state, and undoes exactly what it changed.
#ifndef TORCHTALLY_SRC_DISPATCH_THREAD_FRAME_H_
#define TORCHTALLY_SRC_DISPATCH_THREAD_FRAME_H_

#include <memory>
#include <string>
#include <thread>

#include "dispatch/context.h"

namespace torchtally::dispatch {

// Note [Frames that are closed out of order]
// Frames are a stack of positions in ThreadLocalDebugInfo. One that is closed while it is not on top, or on another thread, can't
// be taken out from there: it is only marked. Whoever next opens or closes a frame on that thread pops the marked ones on top.
class ThreadFrame {
 public:
  enum class Key {
    kCount,  // the key is in: a guard
    kPause,  // the key is out: PauseCounting
    kKeep,   // as it is: a module scope
  };

  // Makes `position` the thread's position. `owner` is for errors: "CountingGuard". Must be closed by close(), which can throw.
  ThreadFrame(const char* owner, std::shared_ptr<Position> position, Key key);
  ThreadFrame(const ThreadFrame&) = delete;
  ThreadFrame& operator=(const ThreadFrame&) = delete;

  // Throws GuardMisuse if this is not the innermost frame or not its thread, except while an exception is in flight.
  void close();

  const Position& position() const { return *position_; }

 private:
  void complain(const std::string& what) const;

  const char* owner_;
  std::thread::id thread_;
  int exceptions_in_flight_;
  std::shared_ptr<Position> position_;
};

// The position of this thread, after frames that were closed out of order have been popped. Null if there is none.
std::shared_ptr<const Position> settled_position();

// The same, but null also where counting is paused. Cheap where there is no guard.
std::shared_ptr<const Position> counting_position();

// True if operators of this thread reach the key now.
bool key_is_active();

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_THREAD_FRAME_H_
