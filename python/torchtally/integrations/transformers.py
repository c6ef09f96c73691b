"""FLOPs, their rate and MFU in what transformers.Trainer logs."""

import contextlib
from typing import Any, Dict, Optional

from transformers import Trainer, TrainerCallback

from torchtally._step_meter import StepMeter
from torchtally.integrations._figures import Figures


class FlopsCallback(TrainerCallback):
    """Adds to every log of a Trainer what the steps since the last one computed: see Figures.take.

    FlopsCallback(StepMeter(peak_flops=torchtally.measure_peak())).attach(trainer)
    trainer.train()

    A step is the Trainer's: all batches that are accumulated for one optimizer step, and the optimizer. Evaluation is not in it. The
    Trainer does not tell a callback the batch that comes, so a meter that counts every nth step takes all batches for alike.
    """

    def __init__(self, meter: Optional[StepMeter] = None) -> None:
        self.meter = meter or StepMeter()
        self._figures = Figures()
        self._step: Optional[contextlib.ExitStack] = None

    def attach(self, trainer: Trainer) -> "FlopsCallback":
        """Ahead of the callbacks that write logs to somewhere. With Trainer(callbacks=[...]) it comes after them, and they do not see
        its figures: those are in trainer.state.log_history only."""
        trainer.callback_handler.callbacks.insert(0, self)
        return self

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._abandon()
        self._step = contextlib.ExitStack()
        self._step.enter_context(self.meter.step())

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._step is not None:
            self._end()
            self._figures.add(self.meter.last)

    def on_log(self, args: Any, state: Any, control: Any, logs: Optional[Dict[str, float]] = None, **kwargs: Any) -> None:
        figures = self._figures.take()
        if logs is not None:
            logs.update(figures)
        if state.log_history:
            state.log_history[-1].update(figures)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._abandon()

    def _end(self) -> None:
        step, self._step = self._step, None
        if step is not None:
            step.close()

    def _abandon(self) -> None:
        """A step that is still open now did not come to its end: a Trainer tells no callback of an exception."""
        step, self._step = self._step, None
        if step is not None:
            error = RuntimeError("the step did not end")
            step.__exit__(RuntimeError, error, None)
