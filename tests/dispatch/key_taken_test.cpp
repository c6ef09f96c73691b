// Another library has taken the dispatch key.
#include <gmock/gmock.h>
#include <torch/library.h>

#include <stdexcept>

#include "support.h"

namespace torchtally::testing {
namespace {

TEST(KeyTaken, IsSaidClearlyAndMayBeTriedAgain) {
  {
    torch::Library other(torch::Library::IMPL, "_", c10::DispatchKey::DeferredInit, __FILE__, __LINE__);
    other.fallback(torch::CppFunction::makeFallthrough());
    try {
      CountingGuard guard;
      FAIL() << "the guard has to throw";
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("another library has taken the dispatch key DeferredInit"));
    }
    EXPECT_FALSE(key_is_included());
    product();  // nothing is intercepted, nothing breaks
  }
  // The other library is gone.
  EXPECT_TRUE(thread_is_clean());
}

}  // namespace
}  // namespace torchtally::testing
