// The frames that hooks have opened on this thread: Note [Frames of hooks].
#ifndef TORCHTALLY_PYTHON_FRAMES_H_
#define TORCHTALLY_PYTHON_FRAMES_H_

#include <cstddef>

namespace torchtally::python {

std::size_t open_frames();
// Closes those that were left open: whatever runs in them has failed.
void close_frames(std::size_t above);

}  // namespace torchtally::python

#endif  // TORCHTALLY_PYTHON_FRAMES_H_
