#include "dispatch/script_calls.h"

#include <ATen/core/class_type.h>
#include <ATen/core/ivalue.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "dispatch/context.h"
#include "dispatch/thread_frame.h"

namespace torchtally::dispatch {
namespace {

using attribution::FrameId;

// The innermost function that the interpreter runs on a thread.
struct OpenFunction {
  std::uint64_t guard = 0;  // the innermost one that is alive
  std::string name;
  const void* self = nullptr;  // of a method, its object
  std::size_t depth = 0;       // 0: none is open
  // Of the guards to whose model all modules on the way here belong.
  absl::InlinedVector<std::pair<const InterpreterPosition*, FrameId>, 1> frames;
};
// What waits for a future may end on another thread, and then stays open here: of a guard that is gone it is forgotten.
OpenFunction& innermost_of(std::uint64_t guard) {
  thread_local OpenFunction function;
  if (function.guard != guard) {
    function = OpenFunction();
    function.guard = guard;
  }
  return function;
}
// Null if there is no guard.
const OpenFunction* innermost() {
  const Position* const position = current_position();
  return position == nullptr ? nullptr : &innermost_of(position->context_id);
}

std::optional<FrameId> frame_of(const OpenFunction& function, const InterpreterPosition& position) {
  const auto found = std::find_if(function.frames.begin(), function.frames.end(),
                                  [&position](const auto& entry) { return entry.first == &position; });
  return found == function.frames.end() ? std::nullopt : std::optional(found->second);
}

// What was the innermost before.
struct Around : at::ObserverContext {
  explicit Around(OpenFunction function) : function(std::move(function)) {}
  OpenFunction function;
  std::thread::id thread = std::this_thread::get_id();
};

// Of all tensors in the arguments, also those in lists, tuples and dictionaries.
TensorSizes sizes_of(c10::ArrayRef<const c10::IValue> arguments) {
  TensorSizes sizes;
  for (const c10::IValue& argument : arguments) {
    argument.visit([&sizes](const c10::IValue& value) {
      if (value.isTensor() && value.toTensor().defined()) sizes.push_back(value.toTensor().sizes().vec());
      return value.isObject();  // not what it holds: that is no argument
    });
  }
  return sizes;
}

// Overloads of nn.LSTM's forward() are "forward__0" and "forward__1".
bool is_forward(std::string_view name) { return name == "forward" || name.substr(0, 9) == "forward__"; }

// A function as the interpreter announces it.
struct Announced {
  std::string_view name;
  const void* self;
  bool is_of_module;                           // else a function, or of a class that is none
  c10::ArrayRef<const c10::IValue> arguments;  // without the object

  explicit Announced(const at::RecordFunction& function)
      : name(function.name()), self(nullptr), is_of_module(false), arguments(function.inputs()) {
    if (arguments.empty() || !arguments[0].isObject()) return;
    const c10::ivalue::Object& object = arguments[0].toObjectRef();
    self = &object;
    is_of_module = object.type()->is_module();
    arguments = arguments.slice(1);
  }
};

// Who calls a method from outside announces it, and so does the interpreter, which has its named arguments too. No function of
// TorchScript's calls itself.
bool is_announced_again(const OpenFunction& innermost, const Announced& function) {
  return innermost.depth > 0 && innermost.self == function.self && innermost.name == function.name;
}

// The frame of the function for a guard, which is told if it is a call of a module of its model.
std::optional<FrameId> enter(Context& context, const OpenFunction& around, const Announced& function, bool is_again) {
  attribution::ModuleTree& modules = context.modules();
  const std::optional<FrameId> caller =
      around.depth == 0 ? std::optional(attribution::kRootFrame) : frame_of(around, context.interpreter());
  if (!function.is_of_module) return caller;
  const auto module = modules.registered(function.self);
  if (!module.has_value()) return std::nullopt;
  if (is_forward(function.name) && !context.interpreter().model_forks()) {
    if (!is_again) modules.count_call(*module);
    modules.set_input_sizes(*module, sizes_of(function.arguments));
  }
  if (!caller.has_value() || modules.module_of(*caller) == *module) return caller;
  return modules.frame(*caller, *module);
}

std::unique_ptr<at::ObserverContext> enter_function(const at::RecordFunction& announced) {
  const Position* position = current_position();
  if (position == nullptr || !key_is_active()) return nullptr;
  const Announced function(announced);
  OpenFunction& around = innermost_of(position->context_id);
  const bool is_again = is_announced_again(around, function);
  OpenFunction entered = {position->context_id, std::string(function.name), function.self, around.depth + 1, {}};
  for (; position != nullptr; position = position->outer.get()) {
    if (!position->follows_interpreter) continue;
    const std::optional<FrameId> frame = enter(*position->context, around, function, is_again);
    if (frame.has_value()) entered.frames.emplace_back(&position->context->interpreter(), *frame);
  }
  if (is_again) return nullptr;
  return std::make_unique<Around>(std::exchange(around, std::move(entered)));
}

void leave_function(const at::RecordFunction& /*function*/, at::ObserverContext* context) {
  if (context == nullptr) return;
  auto* const around = static_cast<Around*>(context);
  // What waits for a future may go on on another thread; then this one's come to an end with whoever waits here.
  if (around->thread == std::this_thread::get_id()) innermost_of(around->function.guard) = std::move(around->function);
}

}  // namespace

std::uint64_t watch_script_calls() {
  return at::addThreadLocalCallback(at::RecordFunctionCallback(&enter_function, &leave_function)
                                        .needsInputs(true)
                                        .scopes({at::RecordScope::TORCHSCRIPT_FUNCTION}));
}

void unwatch_script_calls(std::uint64_t watch) { at::removeCallback(watch); }

std::size_t open_script_functions() {
  const OpenFunction* const function = innermost();
  return function == nullptr ? 0 : function->depth;
}

std::optional<FrameId> frame_of_open_function(const InterpreterPosition& position) {
  const OpenFunction* const function = innermost();
  return function == nullptr ? std::nullopt : frame_of(*function, position);
}

}  // namespace torchtally::dispatch
