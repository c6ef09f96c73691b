// The optimizer steps that are running on a thread.
#ifndef TORCHTALLY_PYTHON_OPTIMIZER_STEPS_H_
#define TORCHTALLY_PYTHON_OPTIMIZER_STEPS_H_

namespace torchtally::python {

// Ends the optimizer's phase for steps that an exception has ended. Costs nothing where no step is open.
void close_failed_steps();

}  // namespace torchtally::python

#endif  // TORCHTALLY_PYTHON_OPTIMIZER_STEPS_H_
