"""DTensor: an operator on a DTensor has the global shape, and runs one on the local part, which is what this process computes. A jagged
nested tensor has a size that is no number, and runs one on all its parts at once. PyTorch keeps dispatch keys from what runs inside a
tensor subclass; this mode, pushed by the C++ library for the time of such an operator, lets the library's in again.
docs/decisions/0019 says why so."""

import sys
from types import FrameType
from typing import Any, Optional

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from torchtally import _core

# By name, as python/src/look_inside.cpp does.
_LOOKED_INTO = {"DTensor", "NestedTensor"}

KEY: Any = torch._C._dispatch_key_parse("DeferredInit")  # src/dispatch/key.h


def _is_about_shapes(args: Any) -> bool:
    """A DTensor's operator that is called with new shapes is first run with fake or meta tensors, to see the shape of the result: nobody
    computes that."""
    has_fake = torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.FAKE) is not None
    if not has_fake and not any(isinstance(value, torch.Tensor) and value.is_meta for value in args):
        return False
    frame: Optional[FrameType] = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == "torch.distributed.tensor._sharding_prop":
            return True
        frame = frame.f_back
    return False


class _LocalOperators(TorchDispatchMode):
    supports_higher_order_operators = True

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if any(base.__name__ in _LOOKED_INTO for tensor in types for base in tensor.__mro__):
            return NotImplemented  # the subclass itself goes on, and calls with the tensors inside
        if _is_about_shapes(args):
            return func(*args, **(kwargs or {}))
        was_excluded = torch._C._dispatch_tls_is_dispatch_key_excluded(KEY)
        torch._C._dispatch_tls_set_dispatch_key_excluded(KEY, False)
        try:
            return func(*args, **(kwargs or {}))
        finally:
            torch._C._dispatch_tls_set_dispatch_key_excluded(KEY, was_excluded)


_is_in = False


def let_in() -> None:
    """From now on operators of DTensors and jagged nested tensors count as what they run inside."""
    global _is_in
    if not _is_in:
        _is_in = True
        _core.look_inside_subclasses(_LocalOperators())
