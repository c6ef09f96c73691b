"""Parameters by module and by name, and as a table."""

from collections import defaultdict
from typing import DefaultDict, List, Tuple

from torch import nn

from torchtally.fvcore._table import pipe_table


def parameter_count(model: nn.Module) -> DefaultDict[str, int]:
    """Elements by name of a parameter or of a module, which has those of all below it; "" is the model. A shared parameter counts
    under its first name."""
    counts: DefaultDict[str, int] = defaultdict(int)
    for name, parameter in model.named_parameters():
        parts = name.split(".")
        for k in range(len(parts) + 1):
            counts[".".join(parts[:k])] += parameter.numel()
    return counts


def _size(elements: int) -> str:
    for least, unit, suffix in ((1e8, 1e9, "G"), (1e5, 1e6, "M"), (1e2, 1e3, "K")):
        if elements > least:
            return f"{elements / unit:.1f}{suffix}"
    return str(elements)


def parameter_count_table(model: nn.Module, max_depth: int = 3) -> str:
    """The parameters of modules, and the shapes of parameters, `max_depth` levels deep."""
    counts = parameter_count(model)
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    rows: List[Tuple[str, str]] = [("model", _size(counts.pop("", 0)))]

    def add_below(prefix: str, level: int) -> None:
        if level >= max_depth:
            return
        indent = " " * (level + 1)
        for name, count in counts.items():
            if name.count(".") != level or not name.startswith(prefix):
                continue
            rows.append((indent + name, indent + (str(shapes[name]) if name in shapes else _size(count))))
            if name not in shapes:
                add_below(name + ".", level + 1)

    add_below("", 0)
    return pipe_table(["name", "#elements or shape"], rows)
