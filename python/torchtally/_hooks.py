"""The hooks that tell the C++ library in which module a thread is. They are there while some guard is alive."""

import contextlib
import functools
import inspect
import sys
import threading
from typing import Any, Dict, Iterator, List, Optional, Tuple

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from torchtally._core import (
    ThreadContext,
    begin_step,
    close_failed_steps,
    end_step,
    enter_module,
    leave_module,
    set_context_for,
    set_describe,
)
from torchtally._modules import LivingModules, list_modules, unwrapped

_lock = threading.Lock()
_users = 0
_is_taken_away = 0
_handles: List[Any] = []

# Older PyTorch has no kwargs for hooks of all modules; there the sizes of arguments by name are not seen.
_WITH_KWARGS = {"with_kwargs": True} if "with_kwargs" in inspect.signature(register_module_forward_hook).parameters else {}

# Modules that a guard met while they ran: kept alive while hooks are there, because a module is known by its address.
_met: List[torch.nn.Module] = []

# Of the meters that are counting a step: they know modules for longer than hooks are there.
_living: List[LivingModules] = []

# ScriptModules that are the model of a guard, by address: the interpreter tells what runs in them.
_scripted: Dict[int, int] = {}


def _describe(module: torch.nn.Module) -> Any:
    if id(module) in _scripted:
        return []
    _met.append(module)
    for living in _living:
        living.add(module)
    return list_modules(module, type(module).__name__)


set_describe(_describe)

# Guards with a model, innermost last: the model, and what other threads adopt.
Shared = Tuple[torch.nn.Module, ThreadContext]
_shared: List[Shared] = []


def share(model: torch.nn.Module) -> Shared:
    """From now on the model's modules count on every thread that no guard knows, each for as long as its forward() runs."""
    entry = (unwrapped(model), ThreadContext.current())
    _shared.append(entry)
    return entry


def unshare(entry: Shared) -> None:
    _shared[:] = [other for other in _shared if other is not entry]


def _context_for(module: torch.nn.Module) -> Optional[ThreadContext]:
    is_replica = module.__dict__.get("_is_replica", False)  # DataParallel's copies: of which module nobody says
    for model, context in reversed(_shared):
        if is_replica or any(part is module for part in model.modules()):
            return context
    return None


set_context_for(_context_for)


class _Arguments(Tuple[Any, ...]):
    """Of an optimizer's step, which holds them as long as it runs: one that has raised no longer does. No hook tells of that."""

    __slots__ = ()

    def __del__(self) -> None:
        close_failed_steps()


def _before_step(optimizer: Any, args: Any, kwargs: Any) -> Any:
    """A closure that the step is given runs forward and backward (LBFGS; Lightning always): outside of the optimizer's phase."""
    step = id(sys._getframe(1))
    begin_step(step)

    def outside(closure: Any) -> Any:
        @functools.wraps(closure)
        def run() -> Any:
            end_step(step)
            result = closure()
            begin_step(step)
            return result

        return run

    if callable(kwargs.get("closure")):
        kwargs = {**kwargs, "closure": outside(kwargs["closure"])}
    elif len(args) > 1 and callable(args[1]):
        args = (args[0], outside(args[1]), *args[2:])
    return _Arguments(args), kwargs


def _after_step(optimizer: Any, args: Any, kwargs: Any) -> None:
    end_step(id(sys._getframe(1)))


@contextlib.contextmanager
def _changing() -> Iterator[None]:
    """With the lock, and without torch.compile: it would compile PyTorch's functions that register hooks where a guard begins in a compiled
    function, and wait in taken_away() for the lock."""
    compiles = torch._C._dynamo.eval_frame.set_eval_frame(None)
    try:
        with _lock:
            yield
    finally:
        torch._C._dynamo.eval_frame.set_eval_frame(compiles)


def _put_in_place() -> None:
    _handles.append(register_optimizer_step_pre_hook(_before_step))
    _handles.append(register_optimizer_step_post_hook(_after_step))
    _handles.append(register_module_forward_pre_hook(enter_module))
    _handles.append(register_module_forward_hook(leave_module, always_call=True, **_WITH_KWARGS))


def _take_away() -> None:
    while _handles:
        handle = _handles.pop()
        handle.remove()
        # PyTorch leaves this entry behind, and torch.compile takes it for a hook that is still there.
        getattr(torch.nn.modules.module, "_global_forward_hooks_with_kwargs", {}).pop(handle.id, None)


@contextlib.contextmanager
def taken_away() -> Iterator[None]:
    """For torch.compile: code that is compiled meanwhile has nothing of the hooks in it, and no guard on them."""
    global _is_taken_away
    with _changing():
        _is_taken_away += 1
        _take_away()
    try:
        yield
    finally:
        with _changing():
            _is_taken_away -= 1
            if _users > 0 and _is_taken_away == 0:
                _put_in_place()


def install(scripted: Optional[torch.nn.Module] = None, living: Optional[LivingModules] = None) -> None:
    """Begins to open frames for modules.

    `scripted`: the ScriptModule of the guard that begins, if it has one. `living`: is told of the modules that are met.
    """
    global _users
    with _changing():
        if scripted is not None:
            _scripted[id(scripted)] = _scripted.get(id(scripted), 0) + 1
        if living is not None:
            _living.append(living)
        _users += 1
        if _users == 1 and _is_taken_away == 0:
            _put_in_place()


def uninstall(scripted: Optional[torch.nn.Module] = None, living: Optional[LivingModules] = None) -> None:
    global _users
    with _changing():
        if scripted is not None:
            _scripted[id(scripted)] -= 1
            if _scripted[id(scripted)] == 0:
                del _scripted[id(scripted)]
        if living is not None:
            _living.remove(living)
        _users -= 1
        if _users == 0:
            _take_away()
            _met.clear()


def enter(module: torch.nn.Module) -> None:
    enter_module(unwrapped(module))


def leave(module: torch.nn.Module, failed: bool) -> None:
    leave_module(unwrapped(module), *((), None) if failed else ())  # as PyTorch calls the hook where forward() raised
