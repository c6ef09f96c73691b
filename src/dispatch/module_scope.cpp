#include "torchtally/module_scope.h"

#include <torch/nn/module.h>

#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "dispatch/context.h"
#include "dispatch/model_modules.h"
#include "dispatch/observed_thread.h"
#include "dispatch/thread_frame.h"

namespace torchtally {

using dispatch::Context;
using dispatch::Position;
using ModuleVerdict = FormulaSet::ModuleVerdict;

namespace {

// No tensors: the place of a module's call does not depend on what operators take.
constexpr auto kNoTensors = [](dispatch::TensorVisitor /*visit*/) {};

}  // namespace

// One scope, for each guard of the chain: the module that `find` names in that guard's tree.
class ModuleScope::State {
 public:
  template <typename Find>
  State(const Position& around, const Find& find, const Cost* cost, ModuleCost how)
      : exceptions_in_flight_(std::uncaught_exceptions()) {
    if (cost != nullptr) {
      given_ = {"", [given = *cost](const ModuleCall& /*call*/, Cost& sum) { sum += given; }, how};
      is_given_ = true;
    }
    const dispatch::BackwardNode node =
        dispatch::current_backward_pass() == dispatch::kNoPass ? dispatch::BackwardNode() : dispatch::current_backward_node();
    frame_.emplace("ModuleScope", deeper(around, node, find), dispatch::ThreadFrame::Key::kKeep);
  }

  void close() {
    std::exception_ptr error;
    // A call that throws is not counted.
    if (!has_failed && std::uncaught_exceptions() == exceptions_in_flight_) {
      try {
        tell();
      } catch (...) {  // a user's formula: the frame must close nevertheless
        error = std::current_exception();
      }
    }
    frame_->close();
    const auto open = dispatch::counting_position();
    for (const Position* around = open.get(); around != nullptr; around = around->outer.get())
      around->places().leave_to(around->frame);
    if (error != nullptr) std::rethrow_exception(error);
  }

  TensorSizes input_sizes;
  TensorSizes output_sizes;
  bool has_failed = false;

 private:
  struct Priced {
    const Position* position;  // of this scope
    attribution::Place place;
    ModuleVerdict verdict;
    std::chrono::steady_clock::time_point begin;
  };

  template <typename Find>
  std::shared_ptr<Position> deeper(const Position& around, const dispatch::BackwardNode& node, const Find& find) {
    Context& context = *around.context;
    const attribution::ModuleId module = find(context.modules(), around.module);
    // Of a scripted model its interpreter tells that it is called, and Python's hooks as well.
    const bool is_told = around.follows_interpreter && module == around.module;
    const attribution::FrameId frame = is_told ? around.frame : context.modules().enter(around.frame, module);
    around.places().enter(frame);

    Position::Options options = around.options;
    options.opened_in = node;
    const std::optional<ModuleVerdict> verdict = around.options.is_replaced ? std::nullopt : verdict_of(context, module);
    options.is_replaced |= verdict.has_value() && verdict->how == ModuleCost::kReplace;
    auto position = std::make_shared<Position>(around.context, frame,
                                               around.outer == nullptr ? nullptr : deeper(*around.outer, node, find), options);
    if (verdict.has_value()) {
      priced_.push_back({position.get(), position->place_of(kNoTensors), *verdict, std::chrono::steady_clock::now()});
    }
    return position;
  }

  std::optional<ModuleVerdict> verdict_of(Context& context, attribution::ModuleId module) const {
    if (!is_given_ && !context.formulas().has_module_formulas()) return std::nullopt;  // most often: names are copied below
    const std::string name = context.modules().name_of(module);
    const std::string type = context.modules().type_of(module);
    if (is_given_) {
      ModuleVerdict verdict = given_;
      verdict.label = type.empty() ? name : type;
      return verdict;
    }
    const std::string type_key = context.modules().type_key_of(module);
    const ModuleVerdict* verdict = context.formulas().module_verdict(name, type_key);
    if (verdict == nullptr) verdict = context.formulas().module_verdict(name, type);
    if (verdict == nullptr) return std::nullopt;
    ModuleVerdict found = *verdict;
    if (found.label == type_key) found.label = type;  // a key is not for reading
    return found;
  }

  // What the scope knows in the end.
  void tell() {
    if (!input_sizes.empty() || !output_sizes.empty()) {
      for (const Position* position = &frame_->position(); position != nullptr; position = position->outer.get()) {
        position->context->modules().set_sizes(position->module, input_sizes, output_sizes);
      }
    }
    for (const Priced& priced : priced_) {
      const attribution::ModuleTree& modules = priced.position->context->modules();
      const std::string name = modules.name_of(priced.position->module);
      const std::string type = modules.type_of(priced.position->module);
      Cost cost;
      cost.calls = 1;
      priced.verdict.formula({name, type, input_sizes, output_sizes}, cost);
      const char* how = priced.verdict.how == ModuleCost::kReplace ? ", replaced)" : ")";
      const std::string label = "torchtally::module(" + priced.verdict.label + how;
      tell_observer(priced, label, name, cost);
      priced.position->context->add_module_cost(priced.place, label, cost);
    }
  }

  static void tell_observer(const Priced& priced, const std::string& label, const std::string& module, const Cost& cost) {
    CallObserver* const observer = priced.position->context->observer();
    if (observer == nullptr) return;
    CallRecord record;
    record.op = label;
    record.module = module;
    record.phase = priced.place.phase();
    record.verdict = VerdictKind::kCounted;
    record.cost = cost;
    record.end = std::chrono::steady_clock::now();
    // What is counted inside is told of with its own time.
    record.begin = priced.verdict.how == ModuleCost::kReplace ? priced.begin : record.end;
    record.thread = dispatch::observed_thread();
    observer->on_call(record);
  }

  const int exceptions_in_flight_;
  ModuleVerdict given_;
  bool is_given_ = false;
  std::vector<Priced> priced_;
  std::optional<dispatch::ThreadFrame> frame_;
};

template <typename Find>
void ModuleScope::open(const Find& find, const Cost* cost, ModuleCost how) {
  const auto position = dispatch::counting_position();
  if (position != nullptr) state_ = std::make_unique<State>(*position, find, cost, how);
}

namespace {

auto by_name(std::string_view name) {
  return [name](attribution::ModuleTree& modules, attribution::ModuleId around) { return modules.child(around, name); };
}

auto by_identity(const torch::nn::Module& module) {
  return [&module](attribution::ModuleTree& modules, attribution::ModuleId around) {
    const auto known = modules.registered(&module);
    return known.has_value() ? *known : modules.child(around, module.name());
  };
}

}  // namespace

ModuleScope::ModuleScope(std::string_view name) { open(by_name(name), nullptr, ModuleCost::kAdd); }

ModuleScope::ModuleScope(const torch::nn::Module& module) { open(by_identity(module), nullptr, ModuleCost::kAdd); }

ModuleScope::ModuleScope(std::string_view name, const Cost& cost, ModuleCost how) { open(by_name(name), &cost, how); }

ModuleScope::ModuleScope(const torch::nn::Module& module, const Cost& cost, ModuleCost how) {
  open(by_identity(module), &cost, how);
}

ModuleScope::ModuleScope(const void* identity, const ModuleLister& list) {
  ModuleList listed;
  const auto find = [&](attribution::ModuleTree& modules, attribution::ModuleId around) {
    if (const auto known = modules.registered(identity); known.has_value()) return *known;
    if (listed.empty()) listed = list();
    return dispatch::add_called_module(identity, listed, around, modules);
  };
  open(find, nullptr, ModuleCost::kAdd);
}

ModuleScope::~ModuleScope() noexcept(false) {
  if (state_ != nullptr) state_->close();
}

void ModuleScope::set_input_sizes(TensorSizes sizes) {
  if (state_ != nullptr) state_->input_sizes = std::move(sizes);
}

void ModuleScope::set_output_sizes(TensorSizes sizes) {
  if (state_ != nullptr) state_->output_sizes = std::move(sizes);
}

void ModuleScope::set_failed() {
  if (state_ != nullptr) state_->has_failed = true;
}

}  // namespace torchtally
