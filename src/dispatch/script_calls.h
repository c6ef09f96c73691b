// The calls of a TorchScript model's modules, as the interpreter tells of them.
//
// Note [Functions that are announced]
// The interpreter announces every function that it enters to the callbacks of at::RecordFunction, with its arguments: of a method
// the first is the module itself. So the functions that are open tell the frame, and a forward() is a call of its module, as
// everywhere in PyTorch. What a function returns is not told.
// A function is not announced where it has become part of the graph that calls it, as it does where that ran before the guard was
// opened. An operator then comes by with more call sites than functions are open: its frame is found by these (Note [Call sites]
// in interpreter_position.h), and the calls of the modules around it are not known. Nor are any calls of a model that forks: its
// functions go from thread to thread.
#ifndef TORCHTALLY_SRC_DISPATCH_SCRIPT_CALLS_H_
#define TORCHTALLY_SRC_DISPATCH_SCRIPT_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "attribution/place.h"

namespace torchtally::dispatch {

class InterpreterPosition;

// Makes the functions that run on this thread known to the guards that follow the interpreter and are alive there. Once for all
// guards of a thread. Returns what unwatch_script_calls() wants.
std::uint64_t watch_script_calls();
void unwatch_script_calls(std::uint64_t watch);

// How many functions have been announced on this thread and are open.
std::size_t open_script_functions();
// The frame in which the innermost of them runs, for the guard of this position; null if a module is not of its model.
std::optional<attribution::FrameId> frame_of_open_function(const InterpreterPosition& position);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_SCRIPT_CALLS_H_
