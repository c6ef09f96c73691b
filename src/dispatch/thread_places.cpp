#include "dispatch/thread_places.h"

#include <ATen/SequenceNumber.h>
#include <ATen/record_function.h>

#include "dispatch/call_view.h"
#include "dispatch/context.h"

namespace torchtally::dispatch {
using attribution::FrameId;
using attribution::Place;

void ThreadPlaces::start(Context& context) {
  const std::uint64_t thread = at::RecordFunction::currentThreadId();
  if (context_ != nullptr && thread_ == thread) return;
  *this = ThreadPlaces();
  context_ = &context;
  thread_ = thread;
  origins_ = &context.origins_of(thread);
  passes_ = &context.backward_passes();
  seen_passes_ = passes_->load(std::memory_order_relaxed);
}

void ThreadPlaces::note(FrameId frame) {
  if (noted_ == frame) return;
  noted_ = frame;
  origins_->note(at::sequence_number::peek(), frame);
}

void ThreadPlaces::enter(FrameId frame) {
  after_backward_ = false;
  note(frame);
}

FrameId ThreadPlaces::frame_below(FrameId caller, ModuleId module) {
  if (const std::pair wanted(caller, module); wanted != last_below_) {
    const auto [entry, is_new] = frames_.try_emplace(wanted, FrameId{0});
    if (is_new) entry->second = context_->modules().frame(caller, module);
    last_below_ = wanted;
    last_frame_below_ = entry->second;
  }
  return last_frame_below_;
}

FrameId ThreadPlaces::frame_open_in(const Position& position, BackwardPass pass) {
  // Asking the interpreter is dear. In backward only a forward that runs again can be in it.
  if (!position.follows_interpreter || (pass != kNoPass && !records_gradients())) return position.frame;
  return context_->interpreter().frame(position.frame);
}

Place ThreadPlaces::place_of(const Position& position, BackwardPass pass, CallTensors tensors) {
  const FrameId open = frame_open_in(position, pass);
  if (open != position.frame) after_backward_ = false;
  if (position.options.phase.has_value()) return {open, *position.options.phase};
  return pass == kNoPass ? outside_backward(position, open, tensors) : inside_backward(position, open, pass, tensors);
}

Place ThreadPlaces::outside_backward(const Position& position, FrameId open, CallTensors tensors) {
  pass_ = kNoPass;
  if (const std::uint64_t passes = passes_->load(std::memory_order_relaxed); passes != seen_passes_) {
    seen_passes_ = passes;
    // Another thread's: of this one's loss only if it is where that was asked for.
    after_backward_ = open == context_->frame_of_backward();
  }
  if (after_backward_) {
    // With gradients enabled it is one of the optimizer's only if it takes a parameter's gradient, as clipping does; what says
    // nothing (the loss that is logged, an accuracy) ends nothing.
    const bool records = records_gradients();
    if (records ? takes_gradient(tensors) : !takes_weight(position, tensors)) return {open, Phase::kOptimizer};
    if (!records || begins_forward(tensors)) after_backward_ = false;
  }
  const std::optional<Owner> owner = search(position, tensors);
  const FrameId frame = owner.has_value() && owner->module != position.module ? frame_below(open, owner->module) : open;
  note(frame);
  return {frame, Phase::kForward};
}

void ThreadPlaces::notice_backward(const Position& position, BackwardPass pass) {
  after_backward_ = true;
  if (pass == pass_) return;
  pass_ = pass;
  // Nobody tells whether a pass records. One whose graph is kept may, and one whose first operator comes with gradients enabled,
  // unless the node itself may have enabled them.
  pass_records_ = torch::autograd::get_current_graph_task_keep_graph() || !current_node_may_enable_gradients();
  node_ = BackwardNode();
  node_frame_ = position.frame;
  seen_passes_ = context_->begin_backward(position.frame);
}

Place ThreadPlaces::inside_backward(const Position& position, FrameId open, BackwardPass pass, CallTensors tensors) {
  notice_backward(position, pass);
  const bool records = records_gradients();
  if (!records) pass_records_ = false;

  const BackwardNode node = current_backward_node();
  if (node.exists && !node.is_same(node_)) {
    node_frame_ = frame_of(node, position, tensors);
    node_ = node;
  }
  const bool is_in_module = open != position.frame || (node.exists && node.is_same(position.options.opened_in));
  const FrameId frame = is_in_module ? open : node_frame_;
  if (!records) return {frame, Phase::kBackward};

  if (!is_in_module && pass_records_) {
    note(frame);  // for a second backward through the nodes that are made here
    return {frame, Phase::kBackward};
  }
  const std::optional<Owner> owner = search(position, tensors);
  const FrameId again = owner.has_value() && owner->module != position.module ? frame_below(open, owner->module) : frame;
  note(again);
  return {again, Phase::kRecompute};
}

FrameId ThreadPlaces::frame_of(const BackwardNode& node, const Position& position, CallTensors tensors) {
  if (!node.is_accumulation()) return frame_made_in(node).value_or(position.frame);
  const ParameterOwners& owners = context_->owners();
  std::optional<ModuleId> owner;
  if (node.accumulates_into != nullptr) {
    owner = owners.owner_of(*node.accumulates_into);
  } else {
    tensors([&](const at::Tensor& tensor, bool /*is_listed*/) {
      if (!owner.has_value()) owner = owners.owner_of_gradient(*tensor.unsafeGetTensorImpl());
    });
  }
  // Not a parameter of the model: the gradient comes from the node before.
  return owner.has_value() ? context_->modules().frame_of_owner(*owner) : node_frame_;
}

std::optional<FrameId> ThreadPlaces::frame_made_in(const BackwardNode& node) {
  if (node.thread == thread_) return origins_->own_frame_of(node.sequence);
  if (node.thread != other_thread_ || other_origins_ == nullptr) {
    other_thread_ = node.thread;
    other_origins_ = context_->known_origins_of(node.thread);
  }
  return other_origins_ == nullptr ? std::nullopt : other_origins_->frame_of(node.sequence);
}

bool ThreadPlaces::takes_weight(const Position& position, CallTensors tensors) const {
  if (!position.searches_parameters || are_of_one_size(tensors)) return false;
  const std::optional<Owner> owner = search(position, tensors);
  return owner.has_value() && owner->is_weight;
}

bool ThreadPlaces::takes_gradient(CallTensors tensors) const {
  bool takes = false;
  tensors([&](const at::Tensor& tensor, bool /*is_listed*/) {
    takes = takes || context_->owners().owner_of_gradient(*tensor.unsafeGetTensorImpl()).has_value();
  });
  return takes;
}

bool ThreadPlaces::begins_forward(CallTensors tensors) const {
  bool begins = false;
  tensors([&](const at::Tensor& tensor, bool /*is_listed*/) {
    const bool is_parameter = context_->owners().owner_of(*tensor.unsafeGetTensorImpl()).has_value();
    begins = begins || is_parameter || (tensor.requires_grad() && tensor.is_leaf());
  });
  return begins;
}

std::optional<ThreadPlaces::Owner> ThreadPlaces::search(const Position& position, CallTensors tensors) const {
  if (!position.searches_parameters) return std::nullopt;
  const auto is_in = [](std::pair<ModuleId, ModuleId> subtree, ModuleId module) {
    return module >= subtree.first && module < subtree.second;
  };
  std::optional<Owner> found;
  at::IntArrayRef weight;
  at::IntArrayRef other;
  bool has_others = false;
  tensors([&](const at::Tensor& tensor, bool is_listed) {
    const c10::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
    const auto owner = context_->owners().owner_of(impl);
    if (owner.has_value() && is_in(position.subtree, *owner)) {
      // Where an operator takes parameters of several modules, the one inside of the other.
      if (!found.has_value()) {
        found = Owner{*owner, false};
      } else if (found->module != *owner && is_in(context_->modules().subtree(found->module), *owner)) {
        found->module = *owner;
      }
    }
    if (is_listed || !dispatch::is_plain(impl) || impl.numel() <= 1) return;
    if (owner.has_value() && weight.empty()) {
      weight = impl.sizes();
    } else if (!has_others || !owner.has_value()) {
      other = impl.sizes();
      has_others = true;
    }
  });
  if (found.has_value()) found->is_weight = has_others && !weight.empty() && weight != other;
  return found;
}

}  // namespace torchtally::dispatch
