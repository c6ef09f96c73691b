"""torch.utils.flop_counter's names, counted by torchtally: change the import, keep the rest.

    from torchtally.flop_counter import FlopCounterMode

    with FlopCounterMode() as counter:
        model(x).sum().backward()
    counter.get_total_flops()

Counts are FLOPs of matrix products and convolutions, 2 per multiply-add, as torch's. They differ where torch's counter sees
nothing (recurrent layers, fused attention and fast paths on the CPU, matrix × vector, in-place and quantized products) and
where it is wrong (the weight gradient of a grouped convolution, which it multiplies by the groups; packed flash attention's layout). Of
torch.cond it counts the branch that is taken, torch's the dearer one. It costs a twentieth.

Formulas are registered for both counters at once: register_flop_formula and flop_registry are torch's own, as is every other
name of that module. A formula with get_raw=True gets meta tensors: shapes, strides and types, but no values.
"""

from collections import defaultdict
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import torch
import torch.utils.flop_counter as _torch
from torch.utils._pytree import tree_map
from torch.utils.flop_counter import register_flop_formula

from torchtally._core import Cost, OpCall, Tally, TensorView
from torchtally._formulas import FormulaSet
from torchtally._guard import CountingGuard
from torchtally._higher_order import name_of

__all__ = ["FlopCounterMode", "register_flop_formula"]


def __getattr__(name: str) -> Any:
    return getattr(_torch, name)


def _registered() -> Dict[Any, Callable[..., int]]:
    """What others than torch have registered, by target."""
    own = _torch.__name__
    return {
        target: formula
        for target, formula in _torch.flop_registry.items()
        if getattr(getattr(formula, "__wrapped__", formula), "__module__", own) != own
    }


def _external(call: OpCall, target: Any) -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
    """The arguments of a higher-order operator; of a Triton kernel by name in `kwargs`, as torch's counter passes them."""
    if isinstance(target, torch._ops.HigherOrderOperator):
        return tuple(_plain(None if value is ... else value) for value in call.arguments), {}
    return (), {"grid": call["grid"], "kwargs": {name: _plain(call[name]) for name in target.arg_names}}


class _Arguments:
    """The arguments of a call as torch.ops.namespace.name would have been called with them."""

    def __init__(self, call: OpCall) -> None:
        schema = torch._C._get_schema(call.name, call.overload)
        values = call.arguments
        positional: List[Tuple[Any, Any]] = []
        self.keywords: Dict[str, Any] = {}
        for argument, value in zip(schema.arguments, values):
            value = _plain(value)
            is_default = argument.has_default_value() and (value is ... or value == argument.default_value)
            if not argument.kwarg_only:
                positional.append((argument, None if value is ... else value))
                last_given = len(positional) if not is_default else None
                if last_given is not None:
                    self._given = last_given
            elif not is_default:
                self.keywords[argument.name] = None if value is ... else value
        self.positional = tuple(value for _, value in positional[: getattr(self, "_given", 0)])


def _plain(value: Any) -> Any:
    def tensor_of(part: Any) -> Any:
        if not isinstance(part, TensorView):
            return part
        dtype = getattr(torch, part.dtype, torch.float32)
        if part.strides is None:
            return torch.empty(part.shape, dtype=dtype, device="meta")
        return torch.empty_strided(part.shape, part.strides, dtype=dtype, device="meta")

    return tree_map(tensor_of, value)


def _as_torchtally(formula: Callable[..., int], target: Any) -> Callable[[OpCall, Cost], None]:
    is_operator = isinstance(target, torch._ops.OpOverloadPacket)

    def count(call: OpCall, cost: Cost) -> None:
        results = [_plain(result) for result in call.results]
        out = results[0] if len(results) == 1 else tuple(results)
        if is_operator:
            arguments = _Arguments(call)
            positional, keywords = arguments.positional, arguments.keywords
        else:
            positional, keywords = _external(call, target)
        cost.flops += int(formula(*positional, **keywords, out_val=out))

    return count


def _packet(name: str) -> Any:
    namespace, _, op = name.partition("::")
    try:
        return getattr(getattr(torch.ops, namespace), op)
    except AttributeError:
        return name  # no operator: what a module counts as a whole


class FlopCounterMode(_torch.FlopCounterMode):
    """As torch.utils.flop_counter.FlopCounterMode."""

    def __init__(
        self,
        mods: Union[torch.nn.Module, List[torch.nn.Module], None] = None,
        depth: int = 2,
        display: bool = True,
        custom_mapping: Optional[Dict[Any, Any]] = None,
    ) -> None:
        self._counted: Dict[str, Dict[Any, int]] = defaultdict(lambda: defaultdict(int))
        self._guard: Optional[CountingGuard] = None
        super().__init__(mods, depth, display, custom_mapping)
        raw = {
            target: formula if getattr(formula, "_get_raw", False) else _torch.shape_wrapper(formula)
            for target, formula in (custom_mapping or {}).items()
        }
        self._formulas = {**_registered(), **raw}

    @property
    def flop_counts(self) -> Dict[str, Dict[Any, int]]:
        """FLOPs by module ("Global", then "Net", "Net.fc") and operator."""
        return self._counted if self._guard is None else self._from(self._guard.tally)

    @flop_counts.setter
    def flop_counts(self, counts: Dict[str, Dict[Any, int]]) -> None:
        self._counted = counts

    def __enter__(self) -> "FlopCounterMode":
        formulas = FormulaSet()
        self._own = {name_of(target): target for target in self._formulas}
        for target, formula in self._formulas.items():
            formulas.set(target, _as_torchtally(formula, target))
        self._guard = CountingGuard(formulas=formulas)
        self._guard.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        guard = self._guard
        assert guard is not None, "FlopCounterMode.__exit__ without __enter__"
        guard.__exit__(*error)
        self._guard = None
        self._counted = self._from(guard.tally)
        if self.display:
            print(self.get_table(self.depth))

    def _from(self, tally: Tally) -> Dict[str, Dict[Any, int]]:
        counts: Dict[str, Dict[Any, int]] = defaultdict(lambda: defaultdict(int))
        for module, operators in tally.by_module_and_operator.items():
            for name, cost in operators.items():
                flops = cost.flops if name in self._own else cost.matmul_flops
                if flops > 0:
                    counts[module or "Global"][self._own.get(name) or _packet(name)] += flops
        return counts
