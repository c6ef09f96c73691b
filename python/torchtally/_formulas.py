"""Formulas of one's own."""

import threading
from typing import Any, Callable, Dict, Type, Union

import torch

from torchtally._core import Cost, ModuleCall, OpCall
from torchtally._core import FormulaSet as _FormulaSet
from torchtally._higher_order import count_as_a_whole, name_of
from torchtally._modules import type_key

Formula = Callable[[OpCall, Cost], None]
ModuleFormula = Callable[[ModuleCall, Cost], None]

# "mylib::op", torch.ops.mylib.op, torch.ops.higher_order.op, or a Triton kernel.
Target = Any


def _name(target: Target) -> str:
    if isinstance(target, torch._ops.HigherOrderOperator):
        count_as_a_whole(target)
    return name_of(target)


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

    def set(self, op: Target, formula: Formula) -> "FormulaSet":
        """Adds a formula, or overrides the one that is there. `op`: "namespace::name", "namespace::name.overload", torch.ops.mylib.op, a
        higher-order operator, or a Triton kernel."""
        self._core.set(_name(op), formula)
        return self

    def set_module(self, module: Union[str, Type[torch.nn.Module]], formula: ModuleFormula, replaces: bool = True) -> "FormulaSet":
        """What a call of a module costs as a whole, for what operators can't tell. `module`: its class (that one: neither its subclasses
        nor others of its name), a name of classes, or the name of one module ("encoder.layer.3"), which wins over its class's.

        def attention(call, cost):
            batch, length, width = call.input_sizes[0]      # of the tensors among the arguments, in their order
            cost.add_macs(2 * batch * length * 128 * width)

        formulas.set_module(SparseAttention, attention)

        `call` has name, type, input_sizes and output_sizes. With `replaces` the operators in its forward() are not counted; without, the
        cost is added to theirs. Backward counts as it runs. A call that raises costs nothing. In a tally it is an operator named
        "torchtally::module(SparseAttention, replaced)". An exception raised here reaches the module's caller. TorchScript's submodules
        have no such calls."""
        if not isinstance(module, str) and not (isinstance(module, type) and issubclass(module, torch.nn.Module)):
            raise TypeError(f"set_module() wants a class of modules, its name, or the name of a module, not {module!r}")
        if isinstance(module, str):
            self._core.set_module(module, formula, replaces)
            return self

        def of_class(call: ModuleCall, cost: Cost, _kept: Type[torch.nn.Module] = module) -> None:  # a class is known by its address
            formula(call, cost)

        self._core.set_module(type_key(module), of_class, replaces)
        return self

    def ignore(self, op: Target) -> "FormulaSet":
        """Counts the operator as nothing at all."""
        self._core.ignore(_name(op))
        return self


def formula(op: Target) -> Callable[[Formula], Formula]:
    """Registers the decorated function as what a call of the operator costs, for all guards that begin afterwards.

    @torchtally.formula("mylib::fused_mlp")
    def fused_mlp(call, cost):
        cost.add_macs(call["x"].numel() * call["weight"].size(0))

    `cost` arrives with calls, bytes and activations filled in from the shapes; the function adds macs, flops and
    transcendentals, and overwrites bytes where they are others. `call` gives arguments by name or index: a tensor as a
    TensorView (None if undefined), numbers and lists as such. An exception raised here reaches the operator's caller.

    @torchtally.formula(my_kernel)                # a Triton kernel
    def kernel(call, cost):                       # its arguments have the names of its parameters; and there is call["grid"]
        cost.flops += 2 * call["n_elements"]

    To unregister: torchtally.formula.remove("mylib::fused_mlp").
    """
    name = _name(op)
    _FormulaSet.empty().ignore(name)  # complains about a malformed name now, not when a guard begins

    def register(function: Formula) -> Formula:
        with _lock:
            _registered[name] = function
        return function

    return register


def _remove(op: Target) -> None:
    with _lock:
        _registered.pop(name_of(op), None)


formula.remove = _remove  # type: ignore[attr-defined]
