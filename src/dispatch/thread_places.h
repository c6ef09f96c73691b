// ThreadPlaces: where the calls of one thread belong, for one guard: the frame of the module stack and the phase.
//
// Note [Finding the place of a call]
// Outside of backward the frame is the one that is open (a ModuleScope, or what TorchScript's interpreter says). Where that is a
// module of the model which has others inside, an operator that takes a parameter or buffer of one of these belongs to it: a
// scope wins over a parameter that lies elsewhere, a parameter below it only tells more precisely. In backward it is the frame in
// which the node was made that is being evaluated (attribution/node_origins.h), and of an AccumulateGrad the owner of its
// variable. Between nodes, where gradients that meet are added, it is the last node's. Scopes that are opened inside a node, by a
// forward that runs again, are frames as anywhere else. The phases are told apart as torchtally/phase.h says.
#ifndef TORCHTALLY_SRC_DISPATCH_THREAD_PLACES_H_
#define TORCHTALLY_SRC_DISPATCH_THREAD_PLACES_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "attribution/module_tree.h"
#include "attribution/node_origins.h"
#include "attribution/place.h"
#include "dispatch/backward_node.h"
#include "dispatch/call_tensors.h"
#include "dispatch/grad_mode.h"

namespace torchtally::dispatch {

class Context;
struct Position;

// Used by its thread alone.
class ThreadPlaces {
 public:
  using FrameId = attribution::FrameId;
  using ModuleId = attribution::ModuleId;
  using Place = attribution::Place;

  // Begins to serve the calling thread.
  void start(Context& context);

  // `pass`: current_backward_pass(), here and below. True if a call belongs to the open frame, in the forward phase, and nothing
  // has to be noted.
  C10_ALWAYS_INLINE bool is_plain(FrameId open, BackwardPass pass) const {
    return noted_ == open && !after_backward_ && seen_passes_ == passes_->load(std::memory_order_relaxed) && pass == kNoPass;
  }

  // True if a call of an optimizer's is likely: it belongs to the open frame, in the optimizer phase, unless it takes a weight
  // beside a tensor of another size. Not to be asked where the interpreter tells the frame, or a scope the phase.
  C10_ALWAYS_INLINE bool is_after_backward(BackwardPass pass) const {
    return after_backward_ && pass == kNoPass && seen_passes_ == passes_->load(std::memory_order_relaxed) && !records_gradients();
  }

  // In any other case.
  Place place_of(const Position& position, BackwardPass pass, CallTensors tensors);

  // A ModuleScope has been opened, or closed: nodes that are made now are made in `frame`.
  void enter(FrameId frame);
  void leave_to(FrameId frame) { note(frame); }
  // The thread begins to work for the guard, from nowhere: what it last worked on is over.
  void adopt(FrameId frame) {
    pass_ = kNoPass;
    note(frame);
  }

 private:
  static constexpr FrameId kNothingNoted = ~FrameId{0};

  struct Owner {
    ModuleId module = attribution::kRoot;
    bool is_weight = false;  // beside a tensor of another shape
  };
  std::optional<Owner> search(const Position& position, CallTensors tensors) const;
  bool takes_weight(const Position& position, CallTensors tensors) const;
  bool takes_gradient(CallTensors tensors) const;
  // Where gradients are enabled: a parameter is used.
  bool begins_forward(CallTensors tensors) const;

  // The frame that is open: of a scope, or the one that TorchScript's interpreter is in.
  FrameId frame_open_in(const Position& position, BackwardPass pass);
  Place outside_backward(const Position& position, FrameId open, CallTensors tensors);
  Place inside_backward(const Position& position, FrameId open, BackwardPass pass, CallTensors tensors);
  void notice_backward(const Position& position, BackwardPass pass);
  FrameId frame_of(const BackwardNode& node, const Position& position, CallTensors tensors);
  std::optional<FrameId> frame_made_in(const BackwardNode& node);
  FrameId frame_below(FrameId caller, ModuleId module);
  void note(FrameId frame);

  // First what every call touches.
  FrameId noted_ = kNothingNoted;
  bool after_backward_ = false;  // and nothing since has shown that a forward is running
  // Backward passes that this guard's threads have begun, and how many of them this thread has heard of.
  std::uint64_t seen_passes_ = 0;
  const std::atomic<std::uint64_t>* passes_ = nullptr;

  Context* context_ = nullptr;
  std::uint64_t thread_ = 0;  // as autograd numbers it
  attribution::NodeOrigins* origins_ = nullptr;
  // Of the thread whose nodes this one has last evaluated: a worker's are all of another.
  std::uint64_t other_thread_ = 0;
  const attribution::NodeOrigins* other_origins_ = nullptr;

  BackwardPass pass_ = kNoPass;
  bool pass_records_ = false;  // create_graph, as far as can be told
  BackwardNode node_;
  FrameId node_frame_ = attribution::kRootFrame;

  absl::flat_hash_map<std::pair<FrameId, ModuleId>, FrameId> frames_;
  // The last that was asked for: operators of a module follow one another.
  std::pair<FrameId, ModuleId> last_below_ = {kNothingNoted, attribution::kRoot};
  FrameId last_frame_below_ = attribution::kRootFrame;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_THREAD_PLACES_H_
