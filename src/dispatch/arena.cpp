#include "dispatch/arena.h"

#include <c10/core/impl/LocalDispatchKeySet.h>

#include "dispatch/key.h"

namespace torchtally::dispatch {
namespace {

struct ThreadArena {
  Arena arena;

  ThreadArena() = default;
  ThreadArena(const ThreadArena&) = delete;
  ThreadArena& operator=(const ThreadArena&) = delete;
  // The thread ends: what still runs on it, in the destructors of others' thread-local variables, must not be counted any more.
  ~ThreadArena() { c10::impl::tls_set_dispatch_key_included(kKey, false); }
};

}  // namespace

Arena& Arena::local() {
  thread_local ThreadArena local;
  return local.arena;
}

}  // namespace torchtally::dispatch
