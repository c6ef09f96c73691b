"""torch.compile: what runs while code is being compiled runs on fake tensors, and is not what the program computes."""

import contextlib
import importlib.abc
import sys
import threading
import warnings
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, List, Optional, Sequence

from torchtally import _core, _hooks

_CALLBACKS = "torch._dynamo.callback"
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
    if _compilation_starts not in handler.start_callbacks:  # torch._dynamo.reset() forgets them
        handler.register_start_callback(_compilation_starts)
        handler.register_end_callback(_compilation_ends)


class _WhenImported(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Dynamo takes a second to import, so whoever does not compile does not import it: registers when someone else does."""

    def find_spec(self, name: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        if name != _CALLBACKS:
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                self._loader = spec.loader
                spec.loader = self
                return spec
        return None

    def create_module(self, spec: ModuleSpec) -> Optional[ModuleType]:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _register(module)


def watch() -> None:
    """From now on nothing is counted while torch.compile compiles."""
    global _is_watching
    if _CALLBACKS in sys.modules:
        _register(sys.modules[_CALLBACKS])
    if _is_watching:
        return
    _is_watching = True
    # Its advice, hooks of single modules, is not for hooks that know the compiled module for what it is.
    warnings.filterwarnings("ignore", message="Using `torch.compile.module.` when there are global hooks", category=UserWarning)
    if _CALLBACKS not in sys.modules:
        sys.meta_path.insert(0, _WhenImported())
