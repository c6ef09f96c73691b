"""StepMeter, and the callbacks of training loops that are made of it."""

import contextlib
from typing import Any, Dict, Iterator, List, Optional

import torch
from torch.utils._pytree import tree_leaves

from torchtally import _compile, _core, _higher_order, _hooks
from torchtally._formulas import FormulaSet


class StepMeter:
    """What every step of a training loop computes, for which phase, how fast, and how far from the machine's peak.

    meter = torchtally.StepMeter(peak_flops=torchtally.measure_peak(), every=10)
    for batch in loader:
        with meter.step(batch):
            loss_of(batch).backward()
            optimizer.step()
        print(meter.last)            # rate, MFU, HFU, by phase

    `every`: 1 counts every step, n every nth of inputs of the same sizes (the others are given its counts, and say so: `reused`),
    0 only the first.
    """

    def __init__(
        self, *, peak_flops: float = 0, every: int = 1, smoothing: float = 0.9, formulas: Optional[FormulaSet] = None
    ) -> None:
        self._meter = _core.StepMeter(peak_flops, every, smoothing, (formulas or FormulaSet())._core)

    @contextlib.contextmanager
    def step(self, inputs: Any = ()) -> Iterator[None]:
        """`inputs`: tensors whose sizes the counts depend on, in any structure."""
        _compile.watch()
        _higher_order.let_through()
        tensors: List[torch.Tensor] = [leaf for leaf in tree_leaves(inputs) if isinstance(leaf, torch.Tensor)]
        steps_around = _hooks.open_steps()
        _hooks.install()
        try:
            step = self._meter.step(tensors)
            try:
                yield
            finally:
                _hooks.close_steps(steps_around)
                step.close()
        finally:
            _hooks.uninstall()

    @property
    def last(self) -> "_core.StepRecord":
        """Of the last step that ended."""
        return self._meter.last()

    @property
    def tally(self) -> "_core.Tally":
        """Of the steps that were counted."""
        return self._meter.tally()


class _Open:
    """A step that is begun and ended by two calls."""

    def __init__(self, meter: StepMeter) -> None:
        self.meter = meter
        self._stack: Optional[contextlib.ExitStack] = None

    def begin(self, inputs: Any = ()) -> None:
        self.abandon()
        self._stack = contextlib.ExitStack()
        self._stack.enter_context(self.meter.step(inputs))

    def end(self) -> Dict[str, float]:
        self.abandon()
        record = self.meter.last
        return {
            "tflops_per_step": record.total.flops / 1e12,
            "tflops_per_second": record.flops_per_second / 1e12,
            "mfu": record.mfu,
            "hfu": record.hfu,
        }

    def abandon(self) -> None:
        stack, self._stack = self._stack, None
        if stack is not None:
            stack.close()


def trainer_callback(meter: Optional[StepMeter] = None) -> Any:
    """A callback for transformers.Trainer: adds FLOPs, rate, MFU and HFU of the last step to what it logs."""
    from transformers import TrainerCallback

    opened = _Open(meter or StepMeter())

    class TorchtallyCallback(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            opened.begin()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.last = opened.end()

        def on_log(self, args: Any, state: Any, control: Any, logs: Optional[Dict[str, float]] = None, **kwargs: Any) -> None:
            if logs is not None and hasattr(self, "last"):
                logs.update(self.last)

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            opened.abandon()

    return TorchtallyCallback()


def lightning_callback(meter: Optional[StepMeter] = None) -> Any:
    """A callback for Lightning's Trainer: logs FLOPs, rate, MFU and HFU of every training batch."""
    try:
        from lightning.pytorch import Callback
    except ImportError:
        from pytorch_lightning import Callback

    opened = _Open(meter or StepMeter())

    class TorchtallyCallback(Callback):
        def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, batch_idx: int) -> None:
            opened.begin(batch)

        def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            self.last = opened.end()
            module.log_dict({f"torchtally/{name}": value for name, value in self.last.items()})

    return TorchtallyCallback()
