// A CountingGuard for Python, through ctypes. Not operators: their calls would go through the dispatcher and be counted too.
#include <exception>
#include <memory>
#include <string>

#include "torchtally/counting_guard.h"
#include "torchtally/report.h"

namespace {

// What the last function that failed on this thread, or the last report, says: alive until the next call.
thread_local std::string text;

}  // namespace

#define OPDB_API extern "C" __attribute__((visibility("default")))

OPDB_API const char* opdb_text() { return text.c_str(); }

// Begins to count on this thread. Null, and opdb_text() says why, if it cannot.
OPDB_API void* opdb_start() {
  try {
    return std::make_unique<torchtally::CountingGuard>().release();
  } catch (const std::exception& error) {
    text = error.what();
    return nullptr;
  }
}

// Ends what opdb_start() began: on the same thread, the innermost first. opdb_text() then is the report in JSON if it returns
// true, and what went wrong otherwise.
OPDB_API bool opdb_stop(void* started) {
  try {
    std::unique_ptr<torchtally::CountingGuard> guard(static_cast<torchtally::CountingGuard*>(started));
    text = torchtally::to_json(guard->tally());
    guard.reset();
    return true;
  } catch (const std::exception& error) {
    text = error.what();
    return false;
  }
}
