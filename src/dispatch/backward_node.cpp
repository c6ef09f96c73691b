#include "dispatch/backward_node.h"

#if TORCH_VERSION_MAJOR >= 2
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>

#include <string_view>
#include <typeinfo>
#else
#include <ATen/record_function.h>

#include <memory>
#include <vector>

#include "dispatch/grad_mode.h"
#endif

namespace torchtally::dispatch {

#if TORCH_VERSION_MAJOR >= 2

BackwardNode current_backward_node() {
  const auto node = torch::autograd::get_current_node();
  BackwardNode found;
  if (!node) return found;
  found.exists = true;
  found.sequence = node->sequence_nr();
  found.thread = node->thread_id();
  if (found.is_accumulation()) {
    const auto* accumulation = dynamic_cast<const torch::autograd::AccumulateGrad*>(node.get());
    if (accumulation != nullptr) found.accumulates_into = accumulation->variable.unsafeGetTensorImpl();
  }
  return found;
}

bool current_node_may_enable_gradients() {
  const auto node = torch::autograd::get_current_node();
  if (!node) return false;
  const torch::autograd::Node& known = *node;
  const std::string_view type = typeid(known).name();
  return type.find("PyNode") != std::string_view::npos || type.find("CppNode") != std::string_view::npos;
}

std::uint64_t watch_backward() { return 0; }
void unwatch_backward(std::uint64_t /*watch*/) {}

#else

namespace {

// Nodes nest: a node may run a backward pass of its own.
struct Nodes {
  std::vector<BackwardNode> running;
  // What the engine does with a node's gradients belongs to it too: it sums those of a broadcast bias.
  BackwardNode last;
  bool began_without_gradients = false;  // the last one that began
};
Nodes& nodes_of_thread() {
  thread_local Nodes nodes;
  return nodes;
}

std::unique_ptr<at::ObserverContext> enter_node(const at::RecordFunction& function) {
  BackwardNode node;
  node.exists = true;
  node.sequence = static_cast<std::uint64_t>(function.seqNr());
  node.thread = function.forwardThreadId();
  Nodes& nodes = nodes_of_thread();
  nodes.running.push_back(node);
  nodes.began_without_gradients = !records_gradients();
  return nullptr;
}

void leave_node(const at::RecordFunction& /*function*/, at::ObserverContext* /*context*/) {
  Nodes& nodes = nodes_of_thread();
  if (nodes.running.empty()) return;
  nodes.last = nodes.running.back();
  nodes.running.pop_back();
}

}  // namespace

BackwardNode current_backward_node() {
  const Nodes& nodes = nodes_of_thread();
  return nodes.running.empty() ? nodes.last : nodes.running.back();
}

bool current_node_may_enable_gradients() { return nodes_of_thread().began_without_gradients; }

std::uint64_t watch_backward() {
  return at::addThreadLocalCallback(
      at::RecordFunctionCallback(&enter_node, &leave_node).scopes({at::RecordScope::BACKWARD_FUNCTION}));
}

void unwatch_backward(std::uint64_t watch) { at::removeCallback(watch); }

#endif

}  // namespace torchtally::dispatch
