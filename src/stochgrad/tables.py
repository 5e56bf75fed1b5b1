"""Tables of results as CSV files: what is written reads back as the same values."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write_csv(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows under the union of their columns; a float is written so that it reads back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns(rows), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_csv(path: Path) -> list[dict[str, Any]]:
    """Read rows: whole numbers, floats, truth values; an empty cell is None, the rest is text."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{key: value(text) for key, text in row.items()} for row in csv.DictReader(file)]


def columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns of all rows, in order of appearance.

    >>> columns([{"a": 1}, {"b": 2, "a": 3}])
    ['a', 'b']
    """
    return list(dict.fromkeys(name for row in rows for name in row))


def value(text: str) -> Any:
    """Return what was written as this text.

    >>> [value(text) for text in ("3", "1e-05", "nan", "True", "", "x^π")]
    [3, 1e-05, nan, True, None, 'x^π']
    """
    if text in ("", "True", "False"):
        return {"": None, "True": True, "False": False}[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
