// BackwardNode: the autograd node that this thread is evaluating.
//
// Note [Which node is running]
// LibTorch 2.x tells the node. 1.13 does not; there a RecordFunction callback for RecordScope::BACKWARD_FUNCTION gives its
// sequence number and thread, which is all that is needed, but for the variable of an AccumulateGrad. The callback belongs
// to the thread whose guard is alive, and goes with at::ThreadLocalState to the threads that evaluate for it.
#ifndef TORCHTALLY_SRC_DISPATCH_BACKWARD_NODE_H_
#define TORCHTALLY_SRC_DISPATCH_BACKWARD_NODE_H_

#include <c10/core/TensorImpl.h>
#include <c10/macros/Export.h>
#include <torch/version.h>

#include <cstdint>
#include <limits>
#include <unordered_set>

// Two declarations instead of LibTorch's header, which costs every file here three seconds.
namespace torch::autograd {
struct Node;
TORCH_API bool get_current_graph_task_keep_graph();
#if TORCH_VERSION_MAJOR >= 2
TORCH_API int get_current_graph_task_id();
#else
TORCH_API const std::unordered_set<Node*>* get_current_graph_task_nodes_in_graph();
#endif
}  // namespace torch::autograd

namespace torchtally::dispatch {

// Identifies the backward pass that this thread works on. Every operator asks. LibTorch 1.13 has no numbers for passes; there one
// may be called as one was that is over.
using BackwardPass = std::intptr_t;
inline constexpr BackwardPass kNoPass = 0;
inline BackwardPass current_backward_pass() {
#if TORCH_VERSION_MAJOR >= 2
  return torch::autograd::get_current_graph_task_id() + 1;  // -1 outside of any
#else
  return reinterpret_cast<BackwardPass>(torch::autograd::get_current_graph_task_nodes_in_graph());
#endif
}

struct BackwardNode {
  // Of AccumulateGrad: it is not made by an operator.
  static constexpr std::uint64_t kNoSequence = std::numeric_limits<std::uint64_t>::max();

  bool exists = false;  // false between nodes: where gradients that meet are added, in hooks
  std::uint64_t sequence = 0;
  std::uint64_t thread = 0;                           // that made the node
  const c10::TensorImpl* accumulates_into = nullptr;  // AccumulateGrad's variable; unknown on 1.13

  bool is_accumulation() const { return sequence == kNoSequence; }
  // Known to be the same node. Accumulations all look alike where the variable is not known, so none is.
  bool is_same(const BackwardNode& other) const {
    const bool can_be_told = !is_accumulation() || accumulates_into != nullptr;
    return can_be_told && exists == other.exists && sequence == other.sequence && thread == other.thread &&
           accumulates_into == other.accumulates_into;
  }
};

BackwardNode current_backward_node();

// Whether gradients that are enabled may have been enabled inside of that node: by a function of the user's that runs a forward
// again.
bool current_node_may_enable_gradients();

// Makes current_backward_node() work on this thread. Returns what unwatch_backward() wants.
std::uint64_t watch_backward();
void unwatch_backward(std::uint64_t watch);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_BACKWARD_NODE_H_
