"""Calls of leaf operators, as they reach a kernel: recorded while the operator database and a few programs run."""

import collections
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Tuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

import counting
import database

SAMPLES = 4  # of an entry and a dtype
CALLS = 5  # of an overload and a dtype, that differ in what costs may depend on


class Call(NamedTuple):
    op: Any  # OpOverload
    arguments: Tuple[Any, ...]
    keywords: dict

    def name(self) -> str:
        """As a tally has it: "aten::addmm"."""
        return self.op._schema.name

    def run(self, function: Callable[..., Any]) -> Any:
        arguments, keywords = tree_map(database.copied, (self.arguments, self.keywords))
        torch.manual_seed(database.SEED)
        with torch.no_grad():
            return function(*arguments, **keywords)

    def __str__(self) -> str:
        return f"{self.op}({', '.join(map(brief, [*self.arguments, *self.keywords.values()]))})"


def brief(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype)[6:]}{list(value.shape)}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(brief, value)) + "]"
    return str(value)


class Recorder(TorchDispatchMode):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.calls: Dict[Tuple[Any, Any], Dict[str, Call]] = collections.defaultdict(dict)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if isinstance(func, torch._ops.OpOverload):
            calls = self.calls[func, next((tensor.dtype for tensor in database.tensors_in((args, kwargs))), None)]
            call = Call(func, args, kwargs)
            if len(calls) < self.limit and str(call) not in calls and ordinary((args, kwargs)):
                arguments, keywords = tree_map(database.copied, (args, kwargs))
                calls[str(call)] = Call(func, tuple(arguments), keywords)
        return func(*args, **kwargs)


def ordinary(value: Any) -> bool:
    return all(
        not isinstance(leaf, torch.Tensor) or (type(leaf) in (torch.Tensor, torch.nn.Parameter) and leaf.layout == torch.strided)
        for leaf in tree_flatten(value)[0]
    )


def record(programs: Iterable[Callable[[], Any]] = (), limit: int = CALLS) -> List[Call]:
    """The calls of the programs, then of SAMPLES samples of each of the database's entries, forward and backward."""
    recorder = Recorder(limit)
    for program in programs:
        with recorder:
            program()
    for op in database.entries():
        for sample in database.samples_of(op, SAMPLES, lambda _: None):
            database.run(sample, lambda: recorder)
    return [call for calls in recorder.calls.values() for call in calls.values()]


def cost_of(library: Any, call: Call, function: Callable[..., Any]) -> Dict[str, Any]:
    """The report of one call of `function` on a call's arguments. What the copies of the arguments cost is not in it."""
    tallies = []

    def counted(*arguments: Any, **keywords: Any) -> Any:
        with counting.Counting(library) as guard:
            result = function(*arguments, **keywords)
        tallies.append(guard.tally)
        return result

    result = call.run(counted)
    return {**tallies[-1], "result": result}
