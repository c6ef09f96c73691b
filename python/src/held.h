// Held: a scope of the library's, whose destructor may complain: std::unique_ptr would end the program then.
#ifndef TORCHTALLY_PYTHON_HELD_H_
#define TORCHTALLY_PYTHON_HELD_H_

#include <utility>

#include "torchtally/counting_guard.h"

namespace torchtally::python {

template <typename Scope>
class Held {
 public:
  template <typename... Args>
  explicit Held(std::in_place_t, Args&&... args) : scope_(new Scope(std::forward<Args>(args)...)) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    try {
      close();
    } catch (const GuardMisuse&) {
      // Nobody to tell: the object died unclosed, in a collection or in the wrong order.
    }
  }

  // Throws what the scope's destructor throws: of GuardMisuse and of a user's formula.
  void close() { delete std::exchange(scope_, nullptr); }
  Scope* get() const { return scope_; }

 private:
  Scope* scope_;
};

}  // namespace torchtally::python

#endif  // TORCHTALLY_PYTHON_HELD_H_
