"""Formulas of one's own."""

import threading
from typing import Callable, Dict, Optional, Union

from torchtally._core import Cost, OpCall
from torchtally._core import FormulaSet as _FormulaSet

Formula = Callable[[OpCall, Cost], None]

_lock = threading.Lock()
_registered: Dict[str, Formula] = {}


class FormulaSet:
    """Which operator costs what. A value: change it, hand it to a guard.

    formulas = torchtally.FormulaSet()                 # what torchtally knows, and what @torchtally.formula has added
    formulas.set("mylib::fused_mlp", fused_mlp_cost)
    formulas.ignore("aten::dropout")
    torchtally.CountingGuard(model, formulas=formulas)
    """

    def __init__(self) -> None:
        self._core = _FormulaSet.builtin()
        with _lock:
            registered = dict(_registered)
        for op, function in registered.items():
            self._core.set(op, function)

    def set(self, op: str, formula: Formula) -> "FormulaSet":
        """Adds a formula, or overrides the one that is there. `op`: "namespace::name", or "namespace::name.overload"."""
        self._core.set(op, formula)
        return self

    def ignore(self, op: str) -> "FormulaSet":
        """Counts the operator as nothing at all."""
        self._core.ignore(op)
        return self


def formula(op: str) -> Callable[[Formula], Formula]:
    """Registers the decorated function as what a call of the operator costs, for all guards that begin afterwards.

    @torchtally.formula("mylib::fused_mlp")
    def fused_mlp(call, cost):
        cost.add_macs(call["x"].numel() * call["weight"].size(0))

    `cost` arrives with calls, bytes and activations filled in from the shapes; the function adds macs, flops and
    transcendentals, and overwrites bytes where they are others. `call` gives arguments by name or index: a tensor as a
    TensorView (None if undefined), numbers and lists as such. An exception raised here reaches the operator's caller.

    To unregister: torchtally.formula.remove("mylib::fused_mlp").
    """
    _FormulaSet.empty().ignore(op)  # complains about a malformed name now, not when a guard begins

    def register(function: Formula) -> Formula:
        with _lock:
            _registered[op] = function
        return function

    return register


def _remove(op: str) -> None:
    with _lock:
        _registered.pop(op, None)


formula.remove = _remove  # type: ignore[attr-defined]
