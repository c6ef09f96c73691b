// Each CASE_ is a misuse of a guard that the compiler has to refuse.
#include <type_traits>
#include <utility>

#include "torchtally/torchtally.h"

using torchtally::CountingGuard;
using torchtally::ModuleScope;
using torchtally::PauseCounting;

void misuse() {
  CountingGuard counting;
  PauseCounting pause;
  ModuleScope scope("encoder");

#if defined(CASE_copy_CountingGuard)
  CountingGuard copy(counting);
#elif defined(CASE_copy_PauseCounting)
  PauseCounting copy(pause);
#elif defined(CASE_copy_ModuleScope)
  ModuleScope copy(scope);
#elif defined(CASE_move_CountingGuard)
  CountingGuard moved(std::move(counting));
#elif defined(CASE_move_PauseCounting)
  PauseCounting moved(std::move(pause));
#elif defined(CASE_move_ModuleScope)
  ModuleScope moved(std::move(scope));
#elif defined(CASE_assign_CountingGuard)
  CountingGuard other;
  other = counting;
#elif defined(CASE_assign_PauseCounting)
  PauseCounting other;
  other = pause;
#elif defined(CASE_assign_ModuleScope)
  ModuleScope other("decoder");
  other = scope;
#elif defined(CASE_discard_CountingGuard)
  CountingGuard();
#elif defined(CASE_discard_PauseCounting)
  PauseCounting();
#elif defined(CASE_discard_ModuleScope)
  ModuleScope("encoder");
#endif
}
