"""CountingGuard, PauseCounting and ModuleScope: context managers around the C++ ones."""

import contextlib
import os
from types import TracebackType
from typing import Any, Callable, Iterator, Optional, Type, Union

import torch

from torchtally import _compile, _core, _higher_order, _hooks, _local_operators
from torchtally._formulas import FormulaSet
from torchtally._modules import described, is_lazy, is_scripted, list_modules


def _refuse_again(scope: Any, opened: Optional[Any]) -> None:
    if opened is not None:
        raise _core.GuardMisuse(f"this {type(scope).__name__} is open already: make another one")


class CountingGuard:
    """Counts every operator that runs inside it: forward, backward, optimizer, whatever it is.

    with torchtally.CountingGuard(model) as guard:
        model(x).sum().backward()
    guard.tally.total.macs

    Without a model the modules that are called are named by their type: "ResNet.layer1.0". A ScriptModule is attributed by
    itself. The tally may be asked at any time, also while counting, and stays after the end. Guards nest: what an inner one
    counts, outer ones count too. Used again, a guard counts from zero. The model's modules also count where other Python threads call
    them; what else these run is for ThreadContext.

    `trace`: a file that gets every call on a time line, for ui.perfetto.dev. `times`: how long the calls took, for
    times_table() and html(). Either makes counting slower.
    """

    def __init__(
        self,
        model: Optional[torch.nn.Module] = None,
        *,
        formulas: Optional[FormulaSet] = None,
        trace: Union[str, "os.PathLike[str]", None] = None,
        times: bool = False,
    ) -> None:
        if model is not None and not isinstance(model, torch.nn.Module):
            raise TypeError(f"CountingGuard counts whatever runs; its model must be a torch.nn.Module, not {type(model).__name__}")
        if formulas is not None and not isinstance(formulas, FormulaSet):
            raise TypeError(f"CountingGuard's formulas are a torchtally.FormulaSet, not {type(formulas).__name__}")
        self._model = model
        self._formulas = formulas
        self._trace = None if trace is None else os.fspath(trace)
        self._times = times
        self._observer: Optional[_core.RunObserver] = None
        self._guard: Optional[_core.Guard] = None
        self._is_lazy = False
        self._shared: Optional[_hooks.Shared] = None
        self._tally = _core.Tally()

    def __enter__(self) -> "CountingGuard":
        _refuse_again(self, self._guard)
        formulas = (self._formulas or FormulaSet())._core
        self._observer = self._new_observer()
        self._is_lazy = self._model is not None and is_lazy(self._model)
        self._steps_around = _core.open_steps()
        _compile.watch()
        _higher_order.let_through()
        _local_operators.let_in()
        _hooks.install(self._scripted())
        try:
            if self._model is None:
                self._guard = _core.Guard(formulas, self._observer)
            elif is_scripted(self._model):
                self._guard = _core.Guard(self._model._c, formulas, self._observer)
            else:
                self._guard = _core.Guard(list_modules(self._model), formulas, self._observer)
                self._shared = _hooks.share(self._model)
        except BaseException:
            _hooks.uninstall(self._scripted())
            raise
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        guard, self._guard = self._guard, None
        assert guard is not None
        if self._shared is not None:
            _hooks.unshare(self._shared)
        try:
            self._tally = self._tally_of(guard)
            _core.close_steps(self._steps_around)
            guard.close()
        finally:
            _hooks.uninstall(self._scripted())
        self._finish_trace()

    def _new_observer(self) -> Optional[_core.RunObserver]:
        if self._trace is None:
            return _core.RunObserver(times=True) if self._times else None
        return _core.RunObserver(self._unfinished(), self._times)

    def _finish_trace(self) -> None:
        """Puts the trace in its place: a file that is there is whole."""
        if self._trace is None or self._observer is None:
            return
        try:
            self._observer.close()
            os.replace(self._unfinished(), self._trace)
        except OSError as error:
            if os.path.exists(self._unfinished()):
                os.unlink(self._unfinished())
            raise OSError(error.errno, f"cannot write the trace: {error.strerror}", self._trace) from None

    def _unfinished(self) -> str:
        return f"{self._trace}.{os.getpid()}.part"

    def _tally_of(self, guard: _core.Guard) -> _core.Tally:
        tally = guard.tally()
        if not self._is_lazy:
            return tally
        assert self._model is not None
        return _core.described_again(tally, described(self._model))  # lazy modules have their type and parameters since they were called

    def _scripted(self) -> Optional[torch.nn.Module]:
        return self._model if is_scripted(self._model) else None

    @property
    def tally(self) -> "_core.Tally":
        """What has been counted so far."""
        return self._tally if self._guard is None else self._tally_of(self._guard)

    def table(self, depth: Optional[int] = None, **options: Any) -> str:
        """One row a module, `depth` levels below the root; all if not given. Options: those of Tally.table()."""
        return self.tally.table(depth, **options)

    def tree(self, depth: Optional[int] = None, **options: Any) -> str:
        """The modules indented, the cost on every line. Options: those of Tally.tree()."""
        return self.tally.tree(depth, **options)

    def html(self, title: str = "", peak_flops: float = 0.0, bandwidth: float = 0.0, ancestors: str = "owner") -> str:
        """One page for a browser, with times if they were taken; peak and bandwidth, per second, are for its roofline."""
        return self.tally.html(title, peak_flops, bandwidth, ancestors, self._observer if self._times else None)

    def times_table(
        self,
        by: str = "operator",
        depth: Optional[int] = None,
        top: int = 0,
        peak_flops: float = 0.0,
        bandwidth: float = 0.0,
    ) -> str:
        """How long the calls took and what they achieved, by operator or module."""
        if self._observer is None or not self._times:
            raise ValueError("times were not taken: CountingGuard(model, times=True)")
        return self._observer.times_table(by, depth, top, peak_flops, bandwidth)

    def __str__(self) -> str:
        return self.table()

    def _repr_html_(self) -> str:
        return self.tally._repr_html_()


class PauseCounting:
    """Nothing is counted inside it. Pauses nest."""

    def __init__(self) -> None:
        self._pause: Optional[_core.Pause] = None

    def __enter__(self) -> "PauseCounting":
        _refuse_again(self, self._pause)
        self._pause = _core.Pause()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        pause, self._pause = self._pause, None
        assert pause is not None
        pause.close()


class ModuleScope:
    """What runs inside it belongs to this name, below the module that is running, or to this module.

    with torchtally.ModuleScope("head"):
        ...
    with torchtally.ModuleScope(model.encoder):     # methods other than forward
        model.encoder.embed(x)
    with torchtally.ModuleScope("kernel", cost=cost, replaces=True):
        ...                                         # what is counted inside is replaced by this Cost; else it is added

    A module's cost is given by FormulaSet.set_module().
    """

    def __init__(
        self, module: Union[str, torch.nn.Module], cost: Optional[_core.Cost] = None, replaces: bool = False
    ) -> None:
        if not isinstance(module, (str, torch.nn.Module)):
            raise TypeError(f"ModuleScope is for a name or a torch.nn.Module, not {type(module).__name__}")
        if cost is not None and not isinstance(module, str):
            raise TypeError("a cost is for a scope with a name of its own; FormulaSet.set_module() sets a module's")
        if cost is None and replaces:
            raise TypeError("replaces=True wants the cost that replaces what is counted inside")
        self._module = module
        self._cost = cost
        self._replaces = replaces
        self._scope: Optional[_core.Scope] = None

    def __enter__(self) -> "ModuleScope":
        if isinstance(self._module, str):
            _refuse_again(self, self._scope)
            with_cost = () if self._cost is None else (self._cost, self._replaces)
            self._scope = _core.Scope(self._module, *with_cost)
        else:
            _hooks.enter(self._module)
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if isinstance(self._module, str):
            scope, self._scope = self._scope, None
            assert scope is not None
            if kind is not None:
                scope.set_failed()
            scope.close()
        else:
            _hooks.leave(self._module, failed=kind is not None)


class PhaseScope:
    """What runs inside it belongs to this phase: "forward", "backward", "recompute", "optimizer" or "other"."""

    def __init__(self, phase: str) -> None:
        self._phase = phase
        self._scope: Optional[_core.PhaseScope] = None

    def __enter__(self) -> "PhaseScope":
        _refuse_again(self, self._scope)
        self._scope = _core.PhaseScope(self._phase)
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        scope, self._scope = self._scope, None
        assert scope is not None
        scope.close()


class ThreadContext:
    """The guards, module and phase of the thread that makes it, for threads of a pool or of one's own.

    context = torchtally.ThreadContext()
    pool.submit(context.run, replica, x)        # or, in the thread: with context.adopt(): ...
    """

    def __init__(self) -> None:
        self._context = _core.ThreadContext.current()

    @contextlib.contextmanager
    def adopt(self) -> Iterator[None]:
        """What the entering thread runs inside counts for the guards of the thread that made this."""
        adopted = _core.Adopt(self._context)
        try:
            yield
        finally:
            adopted.close()

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """function(*args, **kwargs), counted for the guards of the thread that made this."""
        with self.adopt():
            return function(*args, **kwargs)
