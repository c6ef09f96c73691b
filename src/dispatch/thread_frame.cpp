#include "dispatch/thread_frame.h"

#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>

#include <exception>
#include <utility>

#include "dispatch/key.h"
#include "dispatch/script_calls.h"
#include "torchtally/counting_guard.h"

namespace torchtally::dispatch {
namespace {

using c10::ThreadLocalDebugInfo;

void set_key(bool included, bool excluded) {
  c10::impl::tls_set_dispatch_key_included(kKey, included);
  c10::impl::tls_set_dispatch_key_excluded(kKey, excluded);
}

// Note [The optimizing executor]
// From the second run on TorchScript's profiling executor rewrites a graph, and the rewritten one no longer knows its modules. So
// it is off where a guard follows the interpreter.
bool begins_to_follow_interpreter(const Position& position, ThreadFrame::Key key) {
  return key == ThreadFrame::Key::kCount && position.context->follows_interpreter();
}

// Takes the thread back to what it was before this position. False if something of another kind has been pushed above it, by a
// profiler for example: then only the keys go back.
bool pop(const Position& position) {
  set_key(position.undo.key_was_included, position.undo.key_was_excluded);
  if (position.undo.executor_was_optimizing) torch::jit::setGraphExecutorOptimize(true);
  if (position.undo.script_watch.has_value()) unwatch_script_calls(*position.undo.script_watch);
  if (position.undo.watch.has_value()) unwatch_backward(*position.undo.watch);
  const bool is_on_top = ThreadLocalDebugInfo::current().get() == position.undo.self;
  if (is_on_top) {
    const std::shared_ptr<ThreadLocalDebugInfo> below = position.undo.below;  // the position may die with the next line
    ThreadLocalDebugInfo::_forceCurrentDebugInfo(below);
  }
  return is_on_top;
}

void pop_closed() {
  while (const Position* top = current_position()) {
    if (!top->closed.load(std::memory_order_acquire) || !pop(*top)) return;
  }
}

}  // namespace

std::shared_ptr<const Position> settled_position() {
  pop_closed();
  const Position* top = current_position();
  return top == nullptr ? nullptr : top->shared_from_this();
}

std::shared_ptr<const Position> counting_position() {
  if (current_position() == nullptr) return nullptr;
  std::shared_ptr<const Position> position = settled_position();
  return position != nullptr && position->context != nullptr ? position : nullptr;
}

bool key_is_active() { return c10::impl::tls_is_dispatch_key_included(kKey) && !c10::impl::tls_is_dispatch_key_excluded(kKey); }

ThreadFrame::ThreadFrame(const char* owner, std::shared_ptr<Position> position, Key key)
    : owner_(owner),
      thread_(std::this_thread::get_id()),
      exceptions_in_flight_(std::uncaught_exceptions()),
      position_(std::move(position)) {
  Position::Undo& undo = position_->undo;
  const Position* const below = current_position();
  undo.script_is_watched = below != nullptr && below->undo.script_is_watched;
  undo.below = ThreadLocalDebugInfo::current();
  undo.key_was_included = c10::impl::tls_is_dispatch_key_included(kKey);
  undo.key_was_excluded = c10::impl::tls_is_dispatch_key_excluded(kKey);
  ThreadLocalDebugInfo::_push(kPositionKind, position_);
  undo.self = ThreadLocalDebugInfo::current().get();
  if (begins_to_follow_interpreter(*position_, key)) {
    undo.executor_was_optimizing = torch::jit::getGraphExecutorOptimize();
    if (undo.executor_was_optimizing) torch::jit::setGraphExecutorOptimize(false);
    if (!undo.script_is_watched) undo.script_watch = watch_script_calls();
    undo.script_is_watched = true;
  }
  if (key == Key::kCount) {
    set_key(true, false);
    undo.watch = watch_backward();
  }
  if (key == Key::kPause) set_key(undo.key_was_included, true);
}

void ThreadFrame::close() {
  const bool is_at_home = std::this_thread::get_id() == thread_;
  if (is_at_home) pop_closed();  // inside of it, on another thread
  position_->closed.store(true, std::memory_order_release);
  if (!is_at_home) {
    complain("was destroyed on another thread than the one that made it; make and destroy it on one thread");
    return;
  }
  if (current_position() != position_.get()) {
    complain(
        "was destroyed while a guard, pause or module scope that was opened inside it is still alive; "
        "destroy them in reverse order, best as local variables of nested blocks");
    return;
  }
  pop(*position_);
  pop_closed();
}

void ThreadFrame::complain(const std::string& what) const {
  // A destructor that throws while another exception unwinds the stack ends the program.
  if (std::uncaught_exceptions() > exceptions_in_flight_) return;
  throw GuardMisuse("torchtally::" + std::string(owner_) + " " + what);
}

}  // namespace torchtally::dispatch
