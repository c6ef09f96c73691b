#include "dispatch/interception.h"

#include <torch/csrc/jit/runtime/interpreter.h>

#include <utility>

namespace torchtally::dispatch {
using Action = Decision::Action;

attribution::ModuleId Interception::interpreted_module(const Position& position) {
  const std::vector<std::string> path = torch::jit::currentModuleHierarchy();
  return path.empty() ? position.module : position.context->module_of_call_path(path);
}

Action Interception::composite_action(const Decision& decision, c10::DispatchKeySet below) {
  // Python sees a composite operator whole only where autograd, which decomposes it, does not come before.
  const bool ends_in_python = below.has(c10::DispatchKey::Python) && !below.has_any(c10::autograd_dispatch_keyset);
  if (ends_in_python) return decision.action;
  if (decision.backends.none()) return Action::kDecompose;
  const c10::DispatchKey backend = (below & backend_keys()).highestPriorityTypeId();
  return decision.backends[static_cast<std::size_t>(backend)] ? decision.action : Action::kDecompose;
}

void Interception::Inside::narrow() {
  if (nested_->narrowed != nullptr) nested_->narrow.emplace(kPositionKind, nested_->narrowed);
}

void Interception::Inside::widen() { nested_->narrow.reset(); }

void Interception::add_guards_around(const c10::OperatorHandle& op, c10::DispatchKeySet below) {
  nested_ = std::make_unique<Nested>();
  bool any_excludes = excludes_key_;
  for (const Position* position = innermost_.position->outer.get(); position != nullptr; position = position->outer.get()) {
    const Entry& entry = nested_->around.emplace_back(entry_for(*position, op, below));
    const bool excludes = entry.action == Action::kCount;
    needs_shapes_ |= excludes && entry.slot->needs_shapes();
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
    const Position& position = *(*entry)->position;
    nested_->narrowed = std::make_shared<Position>(position.context, position.module, std::move(nested_->narrowed));
  }
}

}  // namespace torchtally::dispatch
