#include "dispatch/interpreter_position.h"

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "dispatch/script_calls.h"

namespace torchtally::dispatch {

namespace jit = torch::jit;
using attribution::FrameId;

struct InterpreterPosition::Learning {
  InterpreterPosition& position;
  absl::flat_hash_set<const jit::Function*> seen;

  void learn(jit::Function& function) {
    auto* const with_graph = jit::tryToGraphFunction(function);
    if (with_graph != nullptr && seen.insert(&function).second) learn(*with_graph->graph()->block());
  }

  void learn(jit::Block& block) {
    for (jit::Node* node : block.nodes()) {
      if (node->kind() == jit::prim::CallMethod) {
        const auto type = node->input(0)->type()->cast<c10::ClassType>();
        position.add_call(node->sourceRange(), type != nullptr);
        if (type != nullptr) learn(type->getMethod(node->s(jit::attr::name)));
      } else if (node->kind() == jit::prim::CallFunction) {
        position.add_call(node->sourceRange(), true);
        learn(*node->input(0)->type()->expectRef<c10::FunctionType>().function());
      }
      for (jit::Block* inner : node->blocks()) learn(*inner);
      position.model_forks_ |= node->kind() == jit::prim::fork;
      if (node->hasAttribute(jit::attr::Subgraph)) learn(*node->g(jit::attr::Subgraph)->block());  // forked
    }
  }
};

void InterpreterPosition::learn(const jit::Module& model) {
  Learning learning = {*this, {}};
  for (const jit::Module& module : model.modules()) {
    for (jit::Function* method : module.type()->methods()) learning.learn(*method);
  }
}

InterpreterPosition::Site InterpreterPosition::site_of(const jit::SourceRange& range) {
  return {range.source().get(), range.start(), range.end()};
}

void InterpreterPosition::add_call(const jit::SourceRange& range, bool callee_is_known) {
  const auto [site, is_new] = is_only_call_.try_emplace(site_of(range), callee_is_known && range.source() != nullptr);
  if (!is_new) site->second = false;
  if (range.source() != nullptr && (sources_.empty() || sources_.back() != range.source())) sources_.push_back(range.source());
}

bool InterpreterPosition::tells_module(const Sites& sites) const {
  return std::all_of(sites.begin(), sites.end(), [this](const Site& site) {
    const auto known = is_only_call_.find(site);
    return known != is_only_call_.end() && known->second;
  });
}

FrameId InterpreterPosition::frame(FrameId otherwise) {
  const std::vector<jit::StackEntry> stack = jit::currentCallstack();
  if (stack.empty()) return otherwise;
  // Not all of them announced: some have become part of an optimized graph.
  if (stack.size() != open_script_functions()) return frame_by_sites(stack, otherwise);
  const std::optional<FrameId> announced = frame_of_open_function(*this);
  return announced.has_value() ? *announced : frame_by_sites(stack, otherwise);
}

FrameId InterpreterPosition::frame_by_sites(const std::vector<jit::StackEntry>& stack, FrameId otherwise) {
  Sites sites;
  // The first entry is the innermost, the operator's own.
  std::transform(std::next(stack.begin()), stack.end(), std::back_inserter(sites),
                 [](const jit::StackEntry& entry) { return site_of(entry.range); });
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = by_sites_.find(sites); known != by_sites_.end()) return known->second;
  }
  const std::vector<std::string> names = jit::currentModuleHierarchy();
  if (names.empty()) return otherwise;
  const FrameId frame = frame_named(names);
  modules_.entered_unseen(frame);
  if (tells_module(sites)) {
    const std::lock_guard lock(mutex_);
    by_sites_.emplace(std::move(sites), frame);
  }
  return frame;
}

FrameId InterpreterPosition::frame_named(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(name).push_back('/');
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = by_names_.find(text); known != by_names_.end()) return known->second;
  }
  attribution::ModuleId module = attribution::kRoot;
  FrameId frame = attribution::kRootFrame;
  for (const std::string& entry : names) {
    // "TOP(Net)::forward", "layer1(Sequential)::forward", "SELF(Block)::_impl", "::relu", "CALL_FUNCTION::batch_norm(...)": the
    // frame of a submodule has a name without a colon before the parenthesis, neither TOP nor SELF, and its type inside.
    const std::size_t open = entry.find('(');
    if (open == std::string::npos) continue;
    const std::string name = entry.substr(0, open);
    if (name.empty() || name == "TOP" || name == "SELF" || name.find(':') != std::string::npos) continue;
    module = modules_.called_child(module, name, entry.substr(open + 1, entry.find(')', open) - open - 1));
    frame = modules_.frame(frame, module);
  }
  const std::lock_guard lock(mutex_);
  by_names_.emplace(std::move(text), frame);
  return frame;
}

}  // namespace torchtally::dispatch
