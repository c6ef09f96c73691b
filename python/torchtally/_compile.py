"""torch.compile. What runs while code is being compiled runs on fake tensors, and is not what the program computes. Compiled code calls
products and convolutions as operators; kernels that it fused go past the dispatcher, and are reported as unknown by their names, which say
what is in them: torch_compile::cpp_fused_gelu_native_layer_norm."""

import contextlib
import functools
import re
import threading
import warnings
from types import ModuleType
from typing import Any, List, Tuple

from torchtally import _core, _hooks
from torchtally._imports import when_imported

_pauses = threading.local()
_is_watching = False


def _compilation_starts(_: Any) -> None:
    if not hasattr(_pauses, "stack"):
        _pauses.stack = []
    pause = contextlib.ExitStack()
    pause.enter_context(_hooks.taken_away())
    # Dynamo guards what it compiles on the thread's dispatch keys: they have to be those that the code will run with.
    pause.callback(_core.Pause(keep_keys=True).close)
    _pauses.stack.append(pause)


def _compilation_ends(_: Any) -> None:
    stack: List[contextlib.ExitStack] = getattr(_pauses, "stack", [])
    if stack:
        stack.pop().close()


def _register(callback: ModuleType) -> None:
    handler = callback.callback_handler
    original = handler.clear

    def register() -> None:
        handler.register_start_callback(_compilation_starts)
        handler.register_end_callback(_compilation_ends)

    @functools.wraps(original)
    def clear() -> None:
        """Of torch._dynamo.reset(), with which torch.export and torch._dynamo.explain() begin, under a guard or not."""
        try:
            original()
        finally:
            register()

    handler.clear = clear
    register()


def _pause_in_export(trace: ModuleType) -> None:
    """A strict torch.export has Dynamo compile without the callbacks."""
    original = trace._export_to_torch_ir

    @functools.wraps(original)
    def export(*args: Any, **kwargs: Any) -> Any:
        _compilation_starts(None)
        try:
            return original(*args, **kwargs)
        finally:
            _compilation_ends(None)

    trace._export_to_torch_ir = export  # type: ignore[attr-defined]


def _skip_ourselves(trace_rules: ModuleType) -> None:
    """A guard in a function that is compiled runs as it is, between two graphs: compiling what puts hooks in place would have them
    taken away meanwhile, and wait for the lock that is held."""
    trace_rules.add("torchtally")


# Not only when a guard begins: Dynamo has seen the function then that makes it.
when_imported("torch._dynamo.trace_rules", _skip_ourselves)


@functools.lru_cache(maxsize=None)
def _kernels(source: str) -> Tuple[str, ...]:
    """The kernels that a graph's code calls itself, without the numbers that tell those of one graph apart. Extern kernels are operators."""
    begin = re.search(r"^\s*def (call|partition_\d+)\(", source, re.MULTILINE)
    if begin is None:
        return ("graph",)
    calls = re.finditer(r"\b(?:(\w+?)(?:_\d+)?\.run|(cpp\w*?_fused\w*?)(?:_\d+)?)\(", source[begin.start() :])
    return tuple(call.group(1) or call.group(2) for call in calls)


def _report_kernels(output_code: ModuleType) -> None:
    """Every graph that inductor has compiled is called through this method."""
    original = output_code.CompiledFxGraph.__call__

    @functools.wraps(original)
    def call(self: Any, inputs: Any) -> Any:
        results = original(self, inputs)
        if _core.is_counting():
            for kernel in _kernels(self.source_code or ""):
                _core.count_call(f"torch_compile::{kernel}", [], [])
        return results

    output_code.CompiledFxGraph.__call__ = call


def watch() -> None:
    """From now on nothing is counted while torch.compile compiles, and what its code hides is reported."""
    global _is_watching
    if _is_watching:
        return
    _is_watching = True
    # Its advice, hooks of single modules, is not for hooks that know the compiled module for what it is.
    warnings.filterwarnings("ignore", message="Using `torch.compile.module.` when there are global hooks", category=UserWarning)
    when_imported("torch._dynamo.callback", _register)
    when_imported("torch.export._trace", _pause_in_export)
    when_imported("torch._inductor.output_code", _report_kernels)
