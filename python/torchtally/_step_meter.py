"""StepMeter: what the steps of a training loop compute."""

import contextlib
from typing import Any, Callable, Iterator, Optional

import torch

from torchtally import _compile, _core, _higher_order, _hooks, _local_operators
from torchtally._formulas import FormulaSet
from torchtally._guard import PauseCounting
from torchtally._modules import LivingModules, is_scripted, list_modules
from torchtally._tensors_in import tensors_in


class StepMeter:
    """What every step of a training loop computes, for which phase, how fast, and how far from the machine's peak.

    meter = torchtally.StepMeter(model, peak_flops=torchtally.measure_peak(), every=10)
    for batch in loader:
        with meter.step(batch):
            loss_of(batch).backward()
            optimizer.step()
        print(meter.last)            # rate, MFU, HFU, by phase

    `every`: 1 counts every step, n every nth of inputs of the same sizes (the others are given its counts, and say so: `reused`),
    0 only the first. `model`: as for a CountingGuard; without it the modules that are called are named by their type. `on_step` is
    called with the record of each step that has ended, not counted; what it raises comes out of the step.
    """

    def __init__(
        self,
        model: Optional[torch.nn.Module] = None,
        *,
        peak_flops: float = 0,
        every: int = 1,
        smoothing: float = 0.9,
        formulas: Optional[FormulaSet] = None,
        on_step: Optional[Callable[["_core.StepRecord"], Any]] = None,
    ) -> None:
        if model is not None and not isinstance(model, torch.nn.Module):
            raise TypeError(f"StepMeter counts whatever runs; its model must be a torch.nn.Module, not {type(model).__name__}")
        self._model = model
        self._scripted = model if is_scripted(model) else None
        self._on_step = on_step
        listed = None if model is None else model._c if is_scripted(model) else list_modules(model)
        self._meter = _core.StepMeter(listed, peak_flops, every, smoothing, (formulas or FormulaSet())._core)
        self._living = LivingModules(self._meter.forget)
        if model is not None and self._scripted is None:
            self._living.add(model)

    @contextlib.contextmanager
    def step(self, inputs: Any = ()) -> Iterator[None]:
        """`inputs`: tensors whose sizes the counts depend on, in any structure of sequences, sets, mappings and dataclass instances;
        what else is in it is passed over. A step that an exception ends is not recorded."""
        _compile.watch()
        _higher_order.let_through()
        _local_operators.let_in()
        steps_around = _core.open_steps()
        step = self._meter.step(tensors_in(inputs))
        # A step that is not counted has no hooks in its way either.
        is_counted = step.is_counted
        if is_counted:
            _hooks.install(self._scripted, self._living)
        try:
            with self._shared() if is_counted else contextlib.nullcontext():
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
                    _hooks.uninstall(self._scripted, self._living)
        if self._on_step is not None:
            with PauseCounting():
                self._on_step(self.last)

    @contextlib.contextmanager
    def _shared(self) -> Iterator[None]:
        """The model's modules count on other Python threads too."""
        if self._model is None or self._scripted is not None:
            yield
            return
        shared = _hooks.share(self._model)
        try:
            yield
        finally:
            _hooks.unshare(shared)

    @property
    def last(self) -> "_core.StepRecord":
        """Of the last step that ended."""
        return self._meter.last()

    @property
    def tally(self) -> "_core.Tally":
        """Of the steps that were counted."""
        return self._meter.tally()

    @property
    def differing_steps(self) -> int:
        """Steps whose counts differ from what had been reused for them."""
        return self._meter.differing_steps()
