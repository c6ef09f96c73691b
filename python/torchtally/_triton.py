"""Triton kernels, in which nothing can be seen: each is counted as a whole, as triton::my_kernel, unknown without a formula of its own.

They are launched bare, kernel[grid](...), or by the operator that torch.library.wrap_triton makes of them. Those that torch.compile
writes or takes in are launched in another way: _compile.py.
"""

from types import ModuleType
from typing import Any, Callable, Dict, List, Tuple

from torchtally import _core
from torchtally._imports import when_imported

Arguments = List[Tuple[str, Any]]
# Runs a call without counting inside it, then counts it by its name: _higher_order.count.
Count = Callable[[str, Callable[[], Arguments], Callable[[], Any]], Any]


def name_of(kernel: Any) -> str:
    while hasattr(kernel, "fn"):  # of a kernel with heuristics or autotuning, the kernel; of that, its function
        kernel = kernel.fn
    return f"triton::{kernel.__name__}"


def _in_order(kernel: Any, values: Dict[str, Any], grid: Any) -> Arguments:
    names = [name for name in getattr(kernel, "arg_names", ()) if name in values]
    return [*((name, values.pop(name)) for name in names), *values.items(), ("grid", grid)]


def _padded(grid: Any) -> List[int]:
    sizes = [int(size) for size in grid] if isinstance(grid, (tuple, list)) else [int(grid)]
    return sizes + [1] * (3 - len(sizes))


def _of_launch(kernel: Any, grid: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Arguments:
    """With what heuristics and autotuning, outermost first, have chosen: the launch has to be over."""
    values = {**dict(zip(kernel.arg_names, args)), **kwargs}
    layer = kernel
    while hasattr(layer, "fn"):
        chosen = getattr(layer, "best_config", None)
        values.update(chosen.kwargs if chosen is not None else {})
        for name, rule in getattr(layer, "values", {}).items():
            values[name] = rule(dict(values))
        layer = layer.fn
    sizes = _padded(grid(dict(values)) if callable(grid) else grid)
    return _in_order(kernel, values, sizes)


def _watch_launches(jit: ModuleType, count: Count) -> None:
    original = jit.KernelInterface.__getitem__

    def __getitem__(kernel: Any, grid: Any) -> Any:
        launch = original(kernel, grid)

        def call(*args: Any, **kwargs: Any) -> Any:
            if not _core.is_counting():
                return launch(*args, **kwargs)
            return count(name_of(kernel), lambda: _of_launch(kernel, grid, args, kwargs), lambda: launch(*args, **kwargs))

        return call

    jit.KernelInterface.__getitem__ = __getitem__


def of_operator(table: Any, kwargs: Dict[str, Any]) -> Tuple[str, Callable[[], Arguments]]:
    """Name and arguments of what triton_kernel_wrapper_mutation launches. `table`: where it looks its kernels up."""
    kernel = table.get_kernel(kwargs["kernel_idx"])

    def arguments() -> Arguments:
        values = {**kwargs["kwargs"], **table.get_constant_args(kwargs["constant_args_idx"])}
        return _in_order(kernel, values, _padded(kwargs["grid"][0]) if len(kwargs["grid"]) == 1 else None)

    return name_of(kernel), arguments


def watch(count: Count) -> None:
    """Call it once. From now on, also if Triton is imported later, what is launched is counted."""
    when_imported("triton.runtime.jit", lambda jit: _watch_launches(jit, count))
