#include "dispatch/interception.h"

#include <chrono>
#include <string>
#include <utility>

#include "dispatch/observed_thread.h"

namespace torchtally::dispatch {
using Action = Decision::Action;

namespace {

bool any_wanted(const LookInside& look, CallTensors tensors) {
  bool found = false;
  tensors([&](const at::Tensor& tensor, bool /*is_listed*/) {
    const c10::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
    found = found || (impl.key_set().has_any(kPython) && look.wants(impl));
  });
  return found;
}

}  // namespace

Interception::Interception(const c10::OperatorHandle& op, c10::DispatchKeySet below, CallTensors tensors) {
  const Position* position = current_position();
  if (C10_UNLIKELY(position == nullptr || position->context_id == 0)) return;
  innermost_ = entry_for(*position, op, below, tensors);
  excludes_key_ = innermost_.action == Action::kCount;
  needs_shapes_ = excludes_key_ && innermost_.slot->needs_shapes();
  looks_at_result_ = innermost_.owner_of_cast.has_value();
  if (C10_UNLIKELY(!position->is_alone)) add_guards_around(op, below, tensors);
  if (C10_UNLIKELY(below.has_any(kPython)) && !decomposes()) {
    if (const LookInside* look = look_inside(); look != nullptr && any_wanted(*look, tensors)) leave_to_inside(*look);
  }
}

void Interception::leave_to_inside(const LookInside& look) {
  if (nested_ == nullptr) nested_ = std::make_unique<Nested>();
  nested_->timer = nullptr;  // those inside have their own
  nested_->look_inside = &look;
  innermost_.slot = nullptr;
  nested_->around.clear();
  nested_->narrowed = nullptr;
  excludes_key_ = true;
  needs_shapes_ = looks_at_result_ = false;
}

Interception::Entry Interception::entry_for(const Position& position, const c10::OperatorHandle& op, c10::DispatchKeySet below,
                                            CallTensors tensors) {
  const attribution::Place place = position.place_of(tensors);  // also notes where autograd's nodes are made
  if (position.options.is_replaced) return {&position, nullptr, Action::kDecompose, std::nullopt};
  Slot& slot = position.slot(place, op);
  Entry entry = {&position, &slot, slot.is_composite() ? composite_action(slot.decision(), below) : slot.action(), std::nullopt};
  if (slot.watches_result() && position.searches_parameters) {
    tensors([&](const at::Tensor& tensor, bool /*is_listed*/) {
      if (!entry.owner_of_cast.has_value())
        entry.owner_of_cast = position.context->owners().owner_of(*tensor.unsafeGetTensorImpl());
    });
  }
  return entry;
}

void Interception::look_at_result(const at::Tensor& result) const {
  for_each_entry([&](const Entry& entry) {
    if (entry.owner_of_cast.has_value()) entry.position->context->owners().add_cast(*entry.owner_of_cast, result);
  });
}

Action Interception::composite_action(const Decision& decision, c10::DispatchKeySet below) {
  // Python sees a composite operator whole only where autograd, which decomposes it, does not come before.
  const bool ends_in_python = below.has(c10::DispatchKey::Python) && !below.has_any(c10::autograd_dispatch_keyset);
  if (ends_in_python) return decision.action;
  if (decision.backends.none()) return Action::kDecompose;
  const c10::DispatchKey backend = (below & backend_keys()).highestPriorityTypeId();
  return decision.backends[static_cast<std::size_t>(backend)] ? decision.action : Action::kDecompose;
}

void Interception::Inside::enter() {
  if (nested_->narrowed != nullptr) nested_->narrow.emplace(kPositionKind, nested_->narrowed);
  if (nested_->look_inside != nullptr) nested_->look_inside->enter();
  if (nested_->timer != nullptr) nested_->timer->begin();
  nested_->begin = std::chrono::steady_clock::now();
}

void Interception::Inside::leave() {
  nested_->end = std::chrono::steady_clock::now();
  if (nested_->look_inside != nullptr) nested_->look_inside->leave();
  if (nested_->timer != nullptr) {
    nested_->timer->end();
    nested_->device_time = nested_->timer->time();
  }
  nested_->narrow.reset();
}

Cost Interception::one_call() {
  Cost cost;
  cost.calls = 1;
  return cost;
}

void Interception::tell_observer(const Entry& entry, const Cost& cost, const OpCall* call) const {
  Context& context = *entry.position->context;
  CallObserver* const observer = context.observer();
  if (observer == nullptr) return;
  const attribution::Place place = entry.slot->place();
  const std::string module = context.modules().name_of(context.modules().module_of(place.frame()));
  const Operator& op = entry.slot->op();
  const Verdict& verdict = entry.slot->decision().verdict;
  CallRecord record;
  record.op = op.name;
  record.overload = op.overload;
  record.module = module;
  record.phase = place.phase();
  record.verdict = verdict.kind;
  if (call != nullptr && entry.action == Action::kCount) record.dtype = verdict.dtype_of(*call);
  record.cost = cost;
  record.call = call;
  record.begin = nested_->begin;
  record.end = nested_->end;
  record.device_time = nested_->device_time;
  record.thread = observed_thread();
  observer->on_call(record);
}

void Interception::add_guards_around(const c10::OperatorHandle& op, c10::DispatchKeySet below, CallTensors tensors) {
  if (innermost_.action == Action::kDecompose && innermost_.position->outer == nullptr) return;  // nothing to observe
  nested_ = std::make_unique<Nested>();
  bool is_observed = false;
  for (const Position* position = innermost_.position; position != nullptr; position = position->outer.get()) {
    is_observed |= position->context->observer() != nullptr;
  }
  if (is_observed) nested_->timer = DeviceTimer::of(tensors);
  bool any_excludes = excludes_key_;
  for (const Position* position = innermost_.position->outer.get(); position != nullptr; position = position->outer.get()) {
    const Entry& entry = nested_->around.emplace_back(entry_for(*position, op, below, tensors));
    const bool excludes = entry.action == Action::kCount;
    looks_at_result_ |= entry.owner_of_cast.has_value();
    needs_shapes_ |= excludes && entry.slot->needs_shapes();
    excludes_key_ &= excludes;
    any_excludes |= excludes;
  }
  if (!any_excludes || excludes_key_) return;

  // The chain of those that go on counting inside.
  std::vector<const Entry*> inside;
  if (innermost_.action != Action::kCount) inside.push_back(&innermost_);
  for (const Entry& entry : nested_->around) {
    if (entry.action != Action::kCount) inside.push_back(&entry);
  }
  for (auto entry = inside.rbegin(); entry != inside.rend(); ++entry) {
    const Position& position = *(*entry)->position;
    nested_->narrowed =
        std::make_shared<Position>(position.context, position.frame, std::move(nested_->narrowed), position.options);
  }
}

void OnlyLeaf::find_slot(const Position& position, attribution::Place place, const c10::OperatorHandle& op) {
  Slot& slot = position.slot(place, op);
  if (slot.is_leaf() && !slot.watches_result()) slot_ = &slot;
}

OnlyLeaf OnlyLeaf::settled(const c10::OperatorHandle& op, CallTensors tensors) const {
  if (expected_ == nullptr || expected_->place.phase() != Phase::kOptimizer) return *this;
  const Position& position = *current_position();
  OnlyLeaf leaf;
  leaf.calls_ = calls_;
  leaf.find_slot(position, position.place_of(tensors), op);
  return leaf;
}

}  // namespace torchtally::dispatch
