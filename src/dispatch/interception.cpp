#include "dispatch/interception.h"

#include <torch/csrc/jit/runtime/interpreter.h>

#include <utility>

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

Interception::Entry Interception::entry_for(const Position& position, const c10::OperatorHandle& op, c10::DispatchKeySet below) {
  Slot& slot = position.context->slot(module_of(position), op);
  return {&position, &slot, action_of(slot.decision(), op, below)};
}

Interception::Interception(const c10::OperatorHandle& op, c10::DispatchKeySet below) {
  const Position* position = current_position();
  if (position == nullptr || position->context == nullptr) return;
  innermost_ = entry_for(*position, op, below);
  excludes_key_ = innermost_.action == Action::kCount;
  needs_shapes_ = excludes_key_ && innermost_.slot->decision().needs_shapes;
  if (position->outer != nullptr) add_guards_around(op, below);
}

void Interception::add_guards_around(const c10::OperatorHandle& op, c10::DispatchKeySet below) {
  bool any_excludes = excludes_key_;
  for (const Position* position = innermost_.position->outer.get(); position != nullptr; position = position->outer.get()) {
    const Entry& entry = around_.emplace_back(entry_for(*position, op, below));
    const bool excludes = entry.action == Action::kCount;
    needs_shapes_ |= excludes && entry.slot->decision().needs_shapes;
    excludes_key_ &= excludes;
    any_excludes |= excludes;
  }
  if (!any_excludes || excludes_key_) return;

  // The chain of those that go on counting inside.
  std::vector<const Entry*> inside;
  for_each_entry([&](const Entry& entry) {
    if (entry.action != Action::kCount) inside.push_back(&entry);
  });
  for (auto entry = inside.rbegin(); entry != inside.rend(); ++entry) {
    auto position = std::make_shared<Position>();
    position->context = (*entry)->position->context;
    position->module = (*entry)->position->module;
    position->outer = std::move(narrowed_);
    narrowed_ = std::move(position);
  }
}

}  // namespace torchtally::dispatch
