"""A table in tabulate's "pipe" format."""

from typing import Sequence


def pipe_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    try:
        import tabulate
    except ImportError as error:
        raise ImportError("tables are written by the package tabulate: pip install tabulate") from error
    preserved, tabulate.PRESERVE_WHITESPACE = tabulate.PRESERVE_WHITESPACE, True
    try:
        return tabulate.tabulate(rows, headers=headers, tablefmt="pipe")
    finally:
        tabulate.PRESERVE_WHITESPACE = preserved
