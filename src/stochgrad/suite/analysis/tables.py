"""Tables of results: rows by column, and CSV files from which they read back as they were."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = dict[str, Any]


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


def write_parquet(
    rows: Sequence[Mapping[str, Any]], path: Path, kinds: Mapping[str, str] | None = None
) -> None:
    """Write rows with typed columns.

    Args:
        rows: of the table.
        path: of the file.
        kinds: types of columns, as pyarrow names them. Others get the type of their values; one
            that mixes numbers and text becomes text.
    """
    import pyarrow as pa  # half a second to import, for who compares runs only
    from pyarrow import parquet

    arrays = {}
    for name in columns(rows):
        values = [row.get(name) for row in rows]
        if len({isinstance(value, str) for value in values if value is not None}) > 1:
            values = [None if value is None else str(value) for value in values]
        arrays[name] = pa.array(values, type=(kinds or {}).get(name))
    parquet.write_table(pa.table(arrays), path)


def columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns of all rows, in order of appearance.

    >>> columns([{"a": 1}, {"b": 2, "a": 3}])
    ['a', 'b']
    """
    return list(dict.fromkeys(name for row in rows for name in row))


def markdown(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table; floats to six digits."""
    names = columns(rows)
    lines = [names, ["---"] * len(names)]
    lines += [[_cell(row.get(name, "")) for name in names] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


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


def column(rows: Iterable[Row], name: str) -> NDArray[np.float64]:
    """Return a column as float64; an empty cell is NaN.

    >>> column([{"a": 1}, {"a": None}], "a").tolist()
    [1.0, nan]
    """
    return np.array([math.nan if row[name] is None else row[name] for row in rows], float)


def grouped(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Return the rows that agree in some columns, in order of appearance.

    >>> grouped([{"a": 1, "b": 2}, {"a": 3, "b": 4}, {"a": 1, "b": 5}], "a")
    {(1,): [{'a': 1, 'b': 2}, {'a': 1, 'b': 5}], (3,): [{'a': 3, 'b': 4}]}
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups


def select(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    """Return the rows that have these values.

    >>> select([{"a": 1, "b": 2}, {"a": 3, "b": 4}], a=3)
    [{'a': 3, 'b': 4}]
    """
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]
