"""FLOPs, their rate and MFU in what Lightning's Trainer logs."""

import contextlib
from typing import Any, Optional

try:
    from lightning.pytorch import Callback
except ImportError:
    from pytorch_lightning import Callback

from torchtally._step_meter import StepMeter
from torchtally.integrations._figures import Figures


class FlopsCallback(Callback):
    """Logs torchtally/tflops_per_step, torchtally/tflops_per_second, torchtally/mfu and torchtally/hfu for every training batch.

    Trainer(callbacks=[FlopsCallback(StepMeter(peak_flops=torchtally.measure_peak(), every=10))])
    """

    def __init__(self, meter: Optional[StepMeter] = None) -> None:
        self.meter = meter or StepMeter()
        self._figures = Figures()
        self._step: Optional[contextlib.ExitStack] = None

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self._abandon(RuntimeError("the batch before did not end"))
        self._step = contextlib.ExitStack()
        self._step.enter_context(self.meter.step(batch))

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self._step is None:
            return
        self._end()
        self._figures.add(self.meter.last)
        pl_module.log_dict({f"torchtally/{name}": value for name, value in self._figures.take().items()})

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._abandon(exception)

    def _end(self) -> None:
        step, self._step = self._step, None
        if step is not None:
            step.close()

    def _abandon(self, error: BaseException) -> None:
        step, self._step = self._step, None
        if step is not None:
            step.__exit__(type(error), error, None)
