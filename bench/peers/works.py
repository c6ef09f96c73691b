"""What counting costs: every work plain and under every way to count it, interleaved, on one thread, the best of many."""

import contextlib
import datetime
import pathlib
import platform
import re
import sys
import time
from typing import Any, Callable, Dict, List, Tuple

import torch
from torch import nn

import counters

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import python_overhead


def about(peers: List[str]) -> Dict[str, Any]:
    from importlib.metadata import version

    names = [re.split("[=<>]", peer)[0] for peer in peers]
    return {
        "date": datetime.date.today().isoformat(),
        "torch": torch.__version__,
        "versions": {name: version(name) for name in names},
        "machine": f"{platform.machine()}, {torch.get_num_threads()} cores",
    }


def _chain_of_products() -> Callable[[], None]:
    a = torch.randn(4, 4)

    def work() -> None:
        b = a
        for _ in range(1000):
            b = torch.mm(a, a)
        del b

    return work


def _resnet(size: int) -> Callable[[], None]:
    from torchvision import models

    model, x = models.get_model("resnet18", weights=None).eval(), torch.randn(1, 3, size, size)

    def work() -> None:
        with torch.no_grad():
            model(x)

    return work


def _resnet_step() -> Callable[[], None]:
    from torchvision import models

    model, x = models.get_model("resnet18", weights=None), torch.randn(2, 3, 64, 64)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    def work() -> None:
        optimizer.zero_grad()
        model(x).sum().backward()
        optimizer.step()

    return work


WORKS: Dict[str, Callable[[], Callable[[], None]]] = {
    "add × 1000, 1 element": python_overhead.chain,
    "mm 4×4 × 1000": _chain_of_products,
    "small MLP, training step": python_overhead.mlp_step,
    "ResNet-18 forward, 224": lambda: _resnet(224),
    "ResNet-18 forward, 32": lambda: _resnet(32),
    "ResNet-18 training step, 64², batch 2": _resnet_step,
    "GPT-2 small forward, 16 tokens": python_overhead.gpt2,
}


def _contexts() -> Dict[str, Callable[[], contextlib.AbstractContextManager]]:
    from torch.overrides import TorchFunctionMode
    from torch.profiler import ProfilerActivity, profile
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import FlopCounterMode

    import torchtally

    class FunctionMode(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return function(*args, **(kwargs or {}))

    class DispatchMode(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return function(*args, **(kwargs or {}))

    return {
        "plain": contextlib.nullcontext,
        "torchtally": torchtally.CountingGuard,
        "FlopCounterMode": lambda: FlopCounterMode(display=False),
        "no-op function mode": FunctionMode,
        "no-op dispatch mode": DispatchMode,
        "profiler with_flops, inside": lambda: profile(activities=[ProfilerActivity.CPU], with_flops=True),
    }


def _measure(make: Callable[[], Callable[[], None]], seconds: float) -> Dict[str, Any]:
    import torchtally

    torch.set_num_threads(1)
    work = make()
    with torchtally.CountingGuard() as guard:
        work()
    contexts = _contexts()
    best = python_overhead.best_of_interleaved([(work, context) for context in contexts.values()], seconds)
    return {"calls": guard.tally.total.calls, "seconds": dict(zip(contexts, best))}


def _measure_whole(make: Callable[[], Tuple[nn.Module, Tuple[Any, ...]]], tool: str) -> Dict[str, Any]:
    """A count from the beginning to the number."""
    torch.set_num_threads(1)
    model, args = make()
    model.eval()
    best = float("inf")
    for _ in range(3):
        begin = time.perf_counter()
        if tool == "plain":
            with torch.no_grad():
                model(*args)
        else:
            counters.count(tool, model, args)
        best = min(best, time.perf_counter() - begin)
    return {"seconds": best}


def measure_all(pattern: str, in_a_process: Callable[..., Dict[str, Any]]) -> Dict[str, Any]:
    import cases

    inside = {
        name: in_a_process(lambda make=make: _measure(make, 20.0), 300) for name, make in WORKS.items() if re.search(pattern, name)
    }
    whole = {
        case: {
            tool: in_a_process(lambda: _measure_whole(cases.named()[case].build, tool), 300) for tool in ("plain", *counters.TOOLS)
        }
        for case in ("resnet18", "GPT-2")
        if re.search(pattern, case)
    }
    return {"inside": inside, "whole": whole}
