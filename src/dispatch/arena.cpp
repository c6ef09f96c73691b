#include "dispatch/arena.h"

#include <c10/core/impl/LocalDispatchKeySet.h>

#include "dispatch/key.h"

namespace torchtally::dispatch {

Arena::~Arena() { c10::impl::tls_set_dispatch_key_included(kKey, false); }

}  // namespace torchtally::dispatch
