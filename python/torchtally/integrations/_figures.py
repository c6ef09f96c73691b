"""What is logged of the steps since the last time."""

from typing import Dict

from torchtally._core import StepRecord


class Figures:
    """Sums of step records, until they are taken."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.steps = 0
        self._seconds = 0.0
        self._flops = self._model_flops = self._hardware_flops = 0
        self._peak = 0.0

    def add(self, record: StepRecord) -> None:
        self.steps += 1
        self._seconds += record.seconds
        self._flops += record.total.flops
        self._model_flops += record.model_flops
        self._hardware_flops += record.hardware_flops
        self._peak = record.peak_flops

    def take(self, steps: int = 0) -> Dict[str, float]:
        """TFLOPs of a step and in a second; utilization (a fraction, 1 is all) where the meter knows the peak. Empty if nothing ran.

        `steps`: how many the records are to the trainer, where that is not one each.
        """
        if self.steps == 0:
            return {}
        figures = {
            "tflops_per_step": self._flops / (steps or self.steps) / 1e12,
            "tflops_per_second": self._flops / self._seconds / 1e12,
        }
        if self._peak > 0:
            figures["mfu"] = self._model_flops / self._seconds / self._peak
            figures["hfu"] = self._hardware_flops / self._seconds / self._peak
        self._clear()
        return figures
