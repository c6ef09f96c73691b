"""FLOPs, their rate and MFU for the trackers of an accelerate.Accelerator."""

import contextlib
from typing import Any, Iterator, Optional

from accelerate import Accelerator

from torchtally._step_meter import StepMeter
from torchtally.integrations._figures import Figures


class FlopsLogger:
    """Accelerate has no callbacks: the loop says where a step is.

    flops = FlopsLogger(accelerator, StepMeter(peak_flops=torchtally.measure_peak()))
    for batch in loader:
        with accelerator.accumulate(model), flops.step(batch):
            accelerator.backward(loss_of(batch))
            optimizer.step()
            optimizer.zero_grad()

    Where gradients are accumulated, the figures are logged with the batch that ends in a step of the optimizer, for all of its batches.
    """

    def __init__(self, accelerator: Accelerator, meter: Optional[StepMeter] = None) -> None:
        self.meter = meter or StepMeter()
        self._accelerator = accelerator
        self._figures = Figures()
        self._optimizer_steps = 0

    @contextlib.contextmanager
    def step(self, inputs: Any = ()) -> Iterator[None]:
        """`inputs`: see StepMeter.step."""
        with self.meter.step(inputs):
            yield
        self._figures.add(self.meter.last)
        if self._accelerator.sync_gradients:
            self._optimizer_steps += 1
            self._accelerator.log(self._figures.take(steps=1), step=self._optimizer_steps)
