// InterpreterPosition: the frame of the module whose TorchScript code runs on a thread.
//
// Most often the functions that the interpreter has announced tell it: Note [Functions that are announced] in script_calls.h.
//
// Note [Call sites]
// What has become part of an optimized graph is not announced. torch::jit::currentModuleHierarchy() tells the modules by name,
// and takes microseconds to make text of every frame. currentCallstack() tells where in the source each frame was called from,
// for a tenth of the price. Where a model's code has no two calls at one place of one source, these call sites tell as much as
// the names, and what the names said once is remembered. Code has two calls at one place where a loop over modules was unrolled
// as it was scripted (a loaded archive has a statement for each), and the callee of a call through an interface shows only when
// it runs: what comes by such a site is asked about by name, every time.
#ifndef TORCHTALLY_SRC_DISPATCH_INTERPRETER_POSITION_H_
#define TORCHTALLY_SRC_DISPATCH_INTERPRETER_POSITION_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "attribution/module_tree.h"

namespace torch::jit {
struct Module;
struct Source;
struct SourceRange;
struct StackEntry;
}  // namespace torch::jit

namespace torchtally::dispatch {

class InterpreterPosition {
 public:
  explicit InterpreterPosition(attribution::ModuleTree& modules) : modules_(modules) {}

  // Where the methods of the model and of its submodules, and the functions that they call, call others. Before any thread asks.
  void learn(const torch::jit::Module& model);

  // True if it has code that other threads run: forks.
  bool model_forks() const { return model_forks_; }

  // `otherwise` if this thread's interpreter runs nothing. Any thread.
  attribution::FrameId frame(attribution::FrameId otherwise);

 private:
  using Site = std::tuple<const torch::jit::Source*, std::size_t, std::size_t>;  // from, to
  using Sites = absl::InlinedVector<Site, 12>;                                   // the innermost first

  struct Learning;
  static Site site_of(const torch::jit::SourceRange& range);
  void add_call(const torch::jit::SourceRange& range, bool callee_is_known);
  bool tells_module(const Sites& sites) const;
  // Of the call sites around an operator, the innermost first.
  attribution::FrameId frame_by_sites(const std::vector<torch::jit::StackEntry>& stack, attribution::FrameId otherwise);
  // `names`: as currentModuleHierarchy() gives them.
  attribution::FrameId frame_named(const std::vector<std::string>& names);

  attribution::ModuleTree& modules_;
  bool model_forks_ = false;
  absl::flat_hash_map<Site, bool> is_only_call_;
  std::vector<std::shared_ptr<torch::jit::Source>> sources_;  // kept, so that no other one takes its place in memory

  std::mutex mutex_;  // guards what follows
  absl::flat_hash_map<Sites, attribution::FrameId> by_sites_;
  absl::flat_hash_map<std::string, attribution::FrameId> by_names_;
};

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_INTERPRETER_POSITION_H_
