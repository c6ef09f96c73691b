#include "cli/failing_module.h"

#include <ATen/record_function.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <exception>
#include <vector>

namespace torchtally::cli {
namespace {

thread_local bool has_failed = false;
thread_local std::string failing_module;

// "layer1(Sequential)::forward", "0(BasicBlock)::forward" to "layer1.0 (BasicBlock)". The root is TOP, a module's other methods
// SELF, and a function's frame has colons before the parentheses, if it has those.
std::string readable(const std::vector<std::string>& frames) {
  std::string path;
  std::string type;
  for (const std::string& frame : frames) {
    const std::size_t open = frame.find('(');
    const std::size_t close = frame.find(')', open);
    if (open == std::string::npos || close == std::string::npos || open == 0) continue;
    const std::string name = frame.substr(0, open);
    if (name == "TOP" || name == "SELF" || name.find(':') != std::string::npos) continue;
    path += (path.empty() ? "" : ".") + name;
    type = frame.substr(open + 1, close - open - 1);
  }
  return path.empty() ? path : path + " (" + type + ")";
}

// An operator whose end comes while an exception is on its way is the one that threw it.
void on_end(const at::RecordFunction&, at::ObserverContext*) {
  if (has_failed || std::uncaught_exceptions() == 0) return;
  has_failed = true;
  failing_module = readable(torch::jit::currentModuleHierarchy());
}

std::unique_ptr<at::ObserverContext> on_start(const at::RecordFunction&) { return nullptr; }

}  // namespace

FailingModule::FailingModule() {
  has_failed = false;
  failing_module.clear();
  callback_ = at::addThreadLocalCallback(at::RecordFunctionCallback(on_start, on_end).scopes({at::RecordScope::FUNCTION}));
}

FailingModule::~FailingModule() { at::removeCallback(callback_); }

std::string FailingModule::name() const { return failing_module; }

}  // namespace torchtally::cli
