"""What a Tally shows in a notebook, and the table that pandas makes of it."""

import html
from typing import Any

from torchtally._core import Tally, human_count

_LEVELS = 3
_FIGURES = ("macs", "flops", "transcendentals", "bytes_read", "bytes_written", "activations")


def to_dataframe(tally: Tally) -> Any:
    """A row per module, operator, overload, dtype and so on; as tally.rows, in a pandas.DataFrame."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError("Tally.to_dataframe() needs pandas; Tally.rows is the same as a list of dictionaries") from error
    return pandas.DataFrame(tally.rows)


def to_html(tally: Tally) -> str:
    """The modules as a table, three levels deep, then what is not covered."""
    costs = tally.by_module
    children: dict[int, list[int]] = {}
    for index, module in enumerate(tally.modules):
        children.setdefault(module.parent, []).append(index)
    lines = []

    def add(index: int, level: int) -> None:
        module = tally.modules[index]
        cost = costs[module.name]
        name = module.name if module.parent >= 0 else "(root)"
        cells = [human_count(module.parameters.total)] + [human_count(getattr(cost, figure)) for figure in _FIGURES]
        lines.append(
            f'<tr><td style="text-align:left;padding-left:{level + 0.5}em">{html.escape(name)}</td>'
            f'<td style="text-align:left">{html.escape(module.type)}</td>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
            + "</tr>"
        )
        if level < _LEVELS:
            for child in children.get(index, []):
                add(child, level + 1)

    add(0, 0)
    heads = "".join(f"<th>{head}</th>" for head in ("Module", "Type", "Parameters", *(f.replace("_", " ") for f in _FIGURES)))
    unknown = "".join(f"<li>{html.escape(name)}: {calls} calls</li>" for name, calls in tally.unknown_operators.items())
    note = f"<p>Unknown operators, whose own cost is not in these figures:</p><ul>{unknown}</ul>" if unknown else ""
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>{note}"
