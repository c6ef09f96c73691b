// CountingGuard: counts every operator that runs while it is alive.
//
//   torchtally::CountingGuard guard(*model);         // torch::nn::Module, torch::jit::Module, or no model at all
//   auto out = model->forward(x);
//   std::cout << torchtally::to_table(guard.tally());
//
// What is counted: every leaf operator that the guard's thread runs, and those of the threads that its work reaches (autograd
// workers, at::launch, TorchScript forks): forward, backward, optimizer, whatever it is. A call that throws is not counted.
//
// Modules: a torch::jit::Module is attributed by itself, by the interpreter's call stack. While such a guard is alive,
// TorchScript's optimizing executor is off on its thread, because it rewrites the graph and forgets the modules. A
// torch::nn::Module is attributed by ModuleScope (module_scope.h). What runs outside of any scope belongs to the root, whose name
// is "".
//
// Guards nest: what the inner one counts the outer one counts too, each by its own formulas and module names. Inside
// PauseCounting, or inside an operator that is already counted as a whole, a new guard counts for itself alone.
//
// Errors: std::runtime_error if another library has taken the dispatch key; torchtally::GuardMisuse (a std::logic_error), thrown
// by the destructor, if the guard is destroyed out of order or on another thread. The destructor of a guard that is
// misused while an exception is in flight swallows its complaint. Either way the thread's state is restored when
// the guards that are still alive have gone.
//
// Thread-safety: construct and destroy on one thread; tally() may be called from any thread at any time, also while others count.
//
// Not for: keeping in a container or moving around. A guard is a scope.
#ifndef TORCHTALLY_COUNTING_GUARD_H_
#define TORCHTALLY_COUNTING_GUARD_H_

#include <memory>
#include <stdexcept>

#include "torchtally/call_observer.h"
#include "torchtally/export.h"
#include "torchtally/formula.h"
#include "torchtally/module_list.h"
#include "torchtally/tally.h"
#include "torchtally/torch_forward.h"

namespace torchtally {

class TORCHTALLY_API GuardMisuse : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

namespace dispatch {
class GuardState;
}

class [[nodiscard]] TORCHTALLY_API CountingGuard {
 public:
  [[nodiscard]] CountingGuard();
  // `observer`, here and below: is told of every call that this guard counts (call_observer.h). It must outlive the guard, and
  // the threads that the guard's work has reached.
  [[nodiscard]] explicit CountingGuard(FormulaSet formulas, CallObserver* observer = nullptr);
  // The model must outlive the guard. Its modules and parameters are listed now; what is registered later is not known by name.
  [[nodiscard]] explicit CountingGuard(const torch::nn::Module& model, FormulaSet formulas = FormulaSet::builtin(),
                                       CallObserver* observer = nullptr);
  [[nodiscard]] explicit CountingGuard(const torch::jit::Module& model, FormulaSet formulas = FormulaSet::builtin(),
                                       CallObserver* observer = nullptr);
  // Throws std::invalid_argument if a parent in the list does not come before its children.
  [[nodiscard]] explicit CountingGuard(const ModuleList& model, FormulaSet formulas = FormulaSet::builtin(),
                                       CallObserver* observer = nullptr);
  ~CountingGuard() noexcept(false);

  CountingGuard(const CountingGuard&) = delete;
  CountingGuard& operator=(const CountingGuard&) = delete;
  CountingGuard(CountingGuard&&) = delete;
  CountingGuard& operator=(CountingGuard&&) = delete;

  // What has been counted so far. Costs time in proportion to the number of module × operator pairs, not of calls.
  Tally tally() const;

 private:
  std::unique_ptr<dispatch::GuardState> state_;
};

// Nothing is counted on this thread, nor on the threads its work reaches, while a PauseCounting is alive. Pauses nest.
class [[nodiscard]] TORCHTALLY_API PauseCounting {
 public:
  // kKeep: the thread's dispatch keys stay as they are. For code that is specialized on them: what a compiler compiles in such a
  // pause fits the thread when it counts. An operator then costs as much as a counted one.
  enum class Keys { kExclude, kKeep };
  [[nodiscard]] explicit PauseCounting(Keys keys = Keys::kExclude);
  // Throws GuardMisuse if destroyed on another thread.
  ~PauseCounting() noexcept(false);

  PauseCounting(const PauseCounting&) = delete;
  PauseCounting& operator=(const PauseCounting&) = delete;
  PauseCounting(PauseCounting&&) = delete;
  PauseCounting& operator=(PauseCounting&&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace torchtally

#endif  // TORCHTALLY_COUNTING_GUARD_H_
