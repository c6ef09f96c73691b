#include "torchtally/module_scope.h"

#include <torch/nn/module.h>

#include <utility>

#include "dispatch/context.h"
#include "dispatch/thread_frame.h"

namespace torchtally {
namespace dispatch {
namespace {

// The position one scope deeper: for each guard of the chain, the module that `find` names in that guard's tree.
template <typename Find>
std::shared_ptr<Position> deeper(const Position& position, const Find& find) {
  attribution::ModuleTree& modules = position.context->modules();
  const attribution::ModuleId module = find(modules, position.module);
  modules.mark_called(module);
  return std::make_shared<Position>(position.context, module,
                                    position.outer == nullptr ? nullptr : deeper(*position.outer, find));
}

bool is_counting(const Position* position) { return position != nullptr && position->context != nullptr; }

}  // namespace
}  // namespace dispatch

struct ModuleScope::State {
  explicit State(std::shared_ptr<dispatch::Position> position)
      : frame("ModuleScope", std::move(position), dispatch::ThreadFrame::Key::kKeep) {}
  dispatch::ThreadFrame frame;
};

ModuleScope::ModuleScope(std::string_view name) {
  if (!dispatch::is_counting(dispatch::current_position())) return;
  const auto position = dispatch::settled_position();
  if (!dispatch::is_counting(position.get())) return;
  state_ = std::make_unique<State>(dispatch::deeper(
      *position, [&](attribution::ModuleTree& modules, attribution::ModuleId around) { return modules.child(around, name); }));
}

ModuleScope::ModuleScope(const torch::nn::Module& module) {
  if (!dispatch::is_counting(dispatch::current_position())) return;
  const auto position = dispatch::settled_position();
  if (!dispatch::is_counting(position.get())) return;
  state_ =
      std::make_unique<State>(dispatch::deeper(*position, [&](attribution::ModuleTree& modules, attribution::ModuleId around) {
        const auto known = modules.registered(&module);
        return known.has_value() ? *known : modules.child(around, module.name());
      }));
}

ModuleScope::~ModuleScope() noexcept(false) {
  if (state_ != nullptr) state_->frame.close();
}

}  // namespace torchtally
