"""Counting from Python, through the library that bridge.cpp makes."""

import ctypes
import json
from typing import Any, Dict, List


class Counting:
    """with Counting(library) as counting: ...; then counting.tally is the report (docs/json.md)."""

    def __init__(self, library: ctypes.CDLL):
        self._library = library
        self.tally: Dict[str, Any] = {}

    def __enter__(self) -> "Counting":
        self._guard = self._library.opdb_start()
        if not self._guard:
            raise RuntimeError(self._text())
        return self

    def __exit__(self, *_: object) -> None:
        if not self._library.opdb_stop(self._guard):
            raise RuntimeError(self._text())
        self.tally = json.loads(self._text())

    def _text(self) -> str:
        return self._library.opdb_text().decode()


def load(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    library.opdb_start.restype = ctypes.c_void_p
    library.opdb_stop.argtypes = [ctypes.c_void_p]
    library.opdb_stop.restype = ctypes.c_bool
    library.opdb_text.restype = ctypes.c_char_p
    return library


def numbers_out_of_range(tally: Dict[str, Any]) -> List[str]:
    """Every number of a report is between 0 and 2^63 - 2: the last one of 64 bits says "at least"."""
    wrong = ["saturated"] if tally["saturated"] else []
    for part in ("by_operator", "by_dtype"):
        for name, cost in tally[part].items():
            wrong += [f"{part} {name}: {what} {n}" for what, n in cost.items() if not 0 <= n < 2**63 - 1]
    return wrong
