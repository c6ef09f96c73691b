"""A table in tabulate's "pipe" format, with the whitespace that shows how deep a module lies."""

import inspect
from typing import Any, Dict, Sequence


def pipe_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    try:
        import tabulate
    except ImportError as error:
        raise ImportError("tables are written by the package tabulate: pip install tabulate") from error
    # An argument since tabulate 0.10, which no longer asks the module's variable.
    is_argument = "preserve_whitespace" in inspect.signature(tabulate.tabulate).parameters
    keep: Dict[str, Any] = {"preserve_whitespace": True} if is_argument else {}
    preserved, tabulate.PRESERVE_WHITESPACE = tabulate.PRESERVE_WHITESPACE, True
    try:
        return tabulate.tabulate(rows, headers=headers, tablefmt="pipe", **keep)
    finally:
        tabulate.PRESERVE_WHITESPACE = preserved
