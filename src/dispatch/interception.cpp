#include "dispatch/interception.h"

#include <torch/csrc/jit/runtime/interpreter.h>

#include <algorithm>

namespace torchtally::dispatch {
namespace {

using Action = Decision::Action;

attribution::ModuleId module_of(const Position& position) {
  if (!position.context->follows_interpreter()) return position.module;
  const std::vector<std::string> path = torch::jit::currentModuleHierarchy();
  return path.empty() ? position.module : position.context->module_of_call_path(path);
}

Action action_of(const Decision& decision, const c10::OperatorHandle& op, c10::DispatchKeySet below) {
  if (!decision.decomposes_unless_backend_kernel) return decision.action;
  // Python sees a composite operator whole only where autograd, which decomposes it, does not come before.
  const bool ends_in_python =
      below.has(c10::DispatchKey::Python) && !below.has_any(c10::autograd_dispatch_keyset);
  return ends_in_python || backend_has_kernel(op, below) ? decision.action : Action::kDecompose;
}

}  // namespace

Interception::Interception(const c10::OperatorHandle& op, c10::DispatchKeySet below) {
  bool all_exclude = true;
  bool any_excludes = false;
  for (const Position* position = current_position(); position != nullptr; position = position->outer.get()) {
    if (position->context == nullptr) continue;
    Slot& slot = position->context->slot(module_of(*position), op);
    const Action action = action_of(slot.decision(), op, below);
    entries_.push_back({position, &slot, action});
    const bool excludes = action == Action::kCount;
    needs_shapes_ |= excludes && slot.decision().needs_shapes;
    all_exclude &= excludes;
    any_excludes |= excludes;
  }
  excludes_key_ = all_exclude;
  if (any_excludes && !all_exclude) narrow();
}

void Interception::narrow() {
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->action == Action::kCount) continue;
    auto copy = std::make_shared<Position>();
    copy->context = entry->position->context;
    copy->module = entry->position->module;
    copy->outer = std::move(narrowed_);
    narrowed_ = std::move(copy);
  }
}

void Interception::record() const {
  for (const Entry& entry : entries_) {
    if (entry.action != Action::kDecompose) entry.slot->add_call();
  }
}

void Interception::record(const OpCall& call) const {
  for (const Entry& entry : entries_) {
    switch (entry.action) {
      case Action::kCount:
        entry.slot->add(entry.slot->decision().verdict.cost_of(call));
        break;
      case Action::kObserve:
        entry.slot->add_call();
        break;
      case Action::kDecompose:
        break;
    }
  }
}

}  // namespace torchtally::dispatch
