// Exceptions through everything, and guards that are used wrongly: the complaint, and the state of the thread afterwards.
#include <c10/util/Exception.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "support.h"
#include "torchtally/formula.h"
#include "torchtally/module_scope.h"

namespace torchtally::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kOutOfOrder = "was destroyed while a guard, pause or module scope that was opened inside it is still alive";
constexpr const char* kOtherThread = "was destroyed on another thread";

// What the destructor complains about; empty if it does not.
template <typename Scope>
std::string complaint_of_deleting(Scope* scope) {
  try {
    delete scope;
  } catch (const GuardMisuse& misuse) {
    return misuse.what();
  }
  return {};
}

at::Tensor product_of_wrong_shapes() { return at::mm(at::ones({2, 3}), at::ones({2, 3})); }

TEST(Exceptions, ACallThatThrowsIsNotCounted) {
  CountingGuard guard;
  EXPECT_THROW(product_of_wrong_shapes(), c10::Error);
  EXPECT_TRUE(key_is_included());
  EXPECT_FALSE(key_is_excluded());
  EXPECT_EQ(calls_of(guard.tally(), "aten::mm"), 0);
  product();
  EXPECT_EQ(calls_of(guard.tally(), "aten::mm"), 1);
  EXPECT_EQ(macs(guard), kProductMacs);
}

TEST(Exceptions, ThroughScopesAndAGuard) {
  const auto before = c10::ThreadLocalDebugInfo::current();
  try {
    CountingGuard guard;
    ModuleScope a("a");
    PauseCounting pause;
    CountingGuard inner;
    ModuleScope b("b");
    product_of_wrong_shapes();
    FAIL() << "the product has to throw";
  } catch (const c10::Error&) {
  }
  EXPECT_EQ(c10::ThreadLocalDebugInfo::current(), before);
  EXPECT_TRUE(thread_is_clean());
}

TEST(Exceptions, TheModuleStackIsAsItWas) {
  CountingGuard guard;
  ModuleScope a("a");
  try {
    ModuleScope b("b");
    ModuleScope c("c");
    product_of_wrong_shapes();
  } catch (const c10::Error&) {
  }
  product();
  const Tally tally = guard.tally();
  EXPECT_EQ(module_macs(tally, "a"), kProductMacs);
  EXPECT_EQ(module_macs(tally, "a.b"), 0);
  EXPECT_EQ(module_macs(tally, "a.b.c"), 0);
}

TEST(Exceptions, AFormulaThatThrows) {
  auto formulas = FormulaSet::builtin();
  bool broken = true;
  formulas.set("aten::mm", [&broken](const OpCall&, Cost& cost) {
    if (broken) throw std::domain_error("no idea");
    cost.add_macs(1);
  });
  CountingGuard guard(formulas);
  EXPECT_THROW(product(), std::domain_error);
  EXPECT_TRUE(key_is_included());
  EXPECT_FALSE(key_is_excluded());
  EXPECT_EQ(calls_of(guard.tally(), "aten::mm"), 0);
  broken = false;
  product();
  EXPECT_EQ(macs(guard), 1);
}

TEST(Misuse, GuardsOutOfOrder) {
  auto* outer = new CountingGuard;
  auto* inner = new CountingGuard;
  EXPECT_THAT(complaint_of_deleting(outer), AllOf(HasSubstr("torchtally::CountingGuard"), HasSubstr(kOutOfOrder)));
  product();
  EXPECT_EQ(macs(*inner), kProductMacs);  // it is still a guard
  EXPECT_EQ(complaint_of_deleting(inner), "");
  EXPECT_TRUE(thread_is_clean());
}

TEST(Misuse, AGuardDestroyedBeforeItsScope) {
  auto* guard = new CountingGuard;
  auto* scope = new ModuleScope("a");
  EXPECT_THAT(complaint_of_deleting(guard), HasSubstr(kOutOfOrder));
  EXPECT_EQ(complaint_of_deleting(scope), "");
  EXPECT_TRUE(thread_is_clean());
}

TEST(Misuse, ScopesOutOfOrder) {
  {
    CountingGuard guard;
    auto* a = new ModuleScope("a");
    auto* b = new ModuleScope("b");
    EXPECT_THAT(complaint_of_deleting(a), AllOf(HasSubstr("torchtally::ModuleScope"), HasSubstr(kOutOfOrder)));
    product();
    EXPECT_EQ(complaint_of_deleting(b), "");
    product();
    const Tally tally = guard.tally();
    EXPECT_EQ(module_macs(tally, "a.b"), kProductMacs);
    EXPECT_EQ(module_macs(tally, "a"), kProductMacs);  // the second product is the root's again
    EXPECT_EQ(module_macs(tally, ""), 2 * kProductMacs);
  }
  EXPECT_TRUE(thread_is_clean());
}

TEST(Misuse, PausesOutOfOrder) {
  {
    CountingGuard guard;
    auto* first = new PauseCounting;
    auto* second = new PauseCounting;
    EXPECT_THAT(complaint_of_deleting(first), AllOf(HasSubstr("torchtally::PauseCounting"), HasSubstr(kOutOfOrder)));
    product();
    EXPECT_EQ(macs(guard), 0);
    EXPECT_EQ(complaint_of_deleting(second), "");
    product();
    EXPECT_EQ(macs(guard), kProductMacs);
  }
  EXPECT_TRUE(thread_is_clean());
}

TEST(Misuse, AGuardDestroyedOnAnotherThread) {
  auto* guard = new CountingGuard;
  product();
  std::string complaint;
  bool clean_there = false;
  std::thread([&] {
    complaint = complaint_of_deleting(guard);
    clean_there = thread_is_clean();
  }).join();
  EXPECT_THAT(complaint, AllOf(HasSubstr("torchtally::CountingGuard"), HasSubstr(kOtherThread)));
  EXPECT_TRUE(clean_there);
  // Here nobody could take the key out from there. The next guard does.
  {
    CountingGuard next;
    product();
    EXPECT_EQ(macs(next), kProductMacs);
  }
  EXPECT_TRUE(thread_is_clean());
}

TEST(Misuse, APauseDestroyedOnAnotherThread) {
  {
    CountingGuard guard;
    auto* pause = new PauseCounting;
    std::string complaint;
    std::thread([&] { complaint = complaint_of_deleting(pause); }).join();
    EXPECT_THAT(complaint, AllOf(HasSubstr("torchtally::PauseCounting"), HasSubstr(kOtherThread)));
    { PauseCounting next; }
    product();
    EXPECT_EQ(macs(guard), kProductMacs);
  }
  EXPECT_TRUE(thread_is_clean());
}

TEST(Misuse, AScopeDestroyedOnAnotherThread) {
  {
    CountingGuard guard;
    auto* scope = new ModuleScope("a");
    std::string complaint;
    std::thread([&] { complaint = complaint_of_deleting(scope); }).join();
    EXPECT_THAT(complaint, AllOf(HasSubstr("torchtally::ModuleScope"), HasSubstr(kOtherThread)));
    {
      ModuleScope next("b");
      product();
    }
    product();
    const Tally tally = guard.tally();
    EXPECT_EQ(module_macs(tally, "b"), kProductMacs);
    EXPECT_EQ(module_macs(tally, ""), 2 * kProductMacs);
  }
  EXPECT_TRUE(thread_is_clean());
}

// Nothing has been opened or closed since: the guard itself takes the scope out.
TEST(Misuse, AGuardThatEndsAfterAScopeDestroyedOnAnotherThread) {
  auto* guard = new CountingGuard;
  auto* scope = new ModuleScope("a");
  std::thread([&] { complaint_of_deleting(scope); }).join();
  EXPECT_EQ(complaint_of_deleting(guard), "");
  EXPECT_TRUE(thread_is_clean());
}

TEST(Misuse, WhileAnExceptionIsInFlightTheComplaintIsSwallowed) {
  struct DeletesWhatIsNotOnTop {
    CountingGuard* outer = new CountingGuard;
    CountingGuard* inner = new CountingGuard;
    ~DeletesWhatIsNotOnTop() noexcept(false) {
      delete outer;
      delete inner;
    }
  };
  EXPECT_THROW(
      {
        const DeletesWhatIsNotOnTop guards;
        throw std::runtime_error("on its way");
      },
      std::runtime_error);
  EXPECT_TRUE(thread_is_clean());
}

// A profiler's, say: another library's information on the thread.
struct ForeignInfo : c10::DebugInfoBase {};

TEST(Misuse, AnotherLibrarysInformationOutlivesTheGuard) {
  const auto before = c10::ThreadLocalDebugInfo::current();
  {
    std::optional<c10::DebugInfoGuard> foreign;
    {
      CountingGuard guard;
      foreign.emplace(c10::DebugInfoKind::TEST_INFO, std::make_shared<ForeignInfo>());
      product();
      EXPECT_EQ(macs(guard), kProductMacs);
    }
    EXPECT_FALSE(key_is_included());
    EXPECT_NE(c10::ThreadLocalDebugInfo::get(c10::DebugInfoKind::TEST_INFO), nullptr);
    // A scope after the guard's death finds no guard; a new guard counts in front of the foreign information.
    { ModuleScope scope("late"); }
    EXPECT_TRUE(thread_is_clean());
    EXPECT_NE(c10::ThreadLocalDebugInfo::get(c10::DebugInfoKind::TEST_INFO), nullptr);
  }
  EXPECT_TRUE(thread_is_clean());
  EXPECT_EQ(c10::ThreadLocalDebugInfo::current(), before);
}

TEST(Misuse, AnotherLibrarysInformationInsideIsNoMisuse) {
  CountingGuard guard;
  {
    const c10::DebugInfoGuard foreign(c10::DebugInfoKind::TEST_INFO, std::make_shared<ForeignInfo>());
    product();
    ModuleScope scope("a");
    product();
  }
  product();
  EXPECT_EQ(macs(guard), 3 * kProductMacs);
  EXPECT_EQ(module_macs(guard.tally(), "a"), kProductMacs);
}

}  // namespace
}  // namespace torchtally::testing
