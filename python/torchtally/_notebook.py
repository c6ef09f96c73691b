"""What a Tally shows in a notebook, and the table that pandas makes of it."""

from typing import Any

from torchtally._core import Tally

_LEVELS = 3
_COLUMNS = ["type", "parameters", "macs", "flops", "transcendentals", "bytes_read", "bytes_written", "activations"]


def to_dataframe(tally: Tally) -> Any:
    """A row per module, operator, overload, dtype and so on; as tally.rows, in a pandas.DataFrame."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError("Tally.to_dataframe() needs pandas; Tally.rows is the same as a list of dictionaries") from error
    return pandas.DataFrame(tally.rows)


def to_html(tally: Tally) -> str:
    """The modules as a table, three levels deep, then what is not covered."""
    return tally._html_table(_LEVELS, columns=_COLUMNS)
