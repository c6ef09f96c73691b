#include "torchtally/external_call.h"

#include <memory>

#include "dispatch/context.h"
#include "dispatch/thread_frame.h"

namespace torchtally {
namespace {

// No tensors: an external call is made by whoever knows in which module it is.
constexpr auto kNoTensors = [](dispatch::TensorVisitor /*visit*/) {};

std::shared_ptr<const dispatch::Position> open_position() {
  return dispatch::key_is_active() ? dispatch::counting_position() : nullptr;
}

}  // namespace

void count_call(const OpCall& call) {
  const auto open = open_position();
  for (const dispatch::Position* position = open.get(); position != nullptr; position = position->outer.get()) {
    if (!position->options.is_replaced) position->context->count_external(position->place_of(kNoTensors), call);
  }
}

bool is_counting() { return open_position() != nullptr; }

bool knows_call(std::string_view name) {
  const auto position = open_position();
  return position != nullptr && position->context->formulas().verdict(name).kind != VerdictKind::kUnknown;
}

}  // namespace torchtally
