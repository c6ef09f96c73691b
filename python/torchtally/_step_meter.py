"""StepMeter: what the steps of a training loop compute."""

import contextlib
from typing import Any, Iterator, List, Optional

import torch
from torch.utils._pytree import tree_leaves

from torchtally import _compile, _core, _higher_order, _hooks, _local_operators
from torchtally._formulas import FormulaSet
from torchtally._modules import LivingModules


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
        self._living = LivingModules(self._meter.forget)

    @contextlib.contextmanager
    def step(self, inputs: Any = ()) -> Iterator[None]:
        """`inputs`: tensors whose sizes the counts depend on, in any structure. A step that an exception ends is not recorded."""
        _compile.watch()
        _higher_order.let_through()
        _local_operators.let_in()
        tensors: List[torch.Tensor] = [leaf for leaf in tree_leaves(inputs) if isinstance(leaf, torch.Tensor)]
        steps_around = _core.open_steps()
        step = self._meter.step(tensors)
        # A step that is not counted has no hooks in its way either.
        is_counted = step.is_counted
        if is_counted:
            _hooks.install(living=self._living)
        try:
            yield
        except BaseException:
            step.set_failed()
            raise
        finally:
            try:
                _core.close_steps(steps_around)
                step.close()
            finally:
                if is_counted:
                    _hooks.uninstall(living=self._living)

    @property
    def last(self) -> "_core.StepRecord":
        """Of the last step that ended."""
        return self._meter.last()

    @property
    def tally(self) -> "_core.Tally":
        """Of the steps that were counted."""
        return self._meter.tally()
