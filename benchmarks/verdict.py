"""Tables of what was measured against what is asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import track
from rich.table import Table

T = TypeVar("T")
Row = dict[str, Any]
WIDTH = 118


def console() -> Console:
    """Return where tables are printed: as wide as the terminal, or as fits into a file."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)


def with_bar(title: str, things: list[T]) -> Iterator[T]:
    """Yield things one by one; on a terminal, move a bar."""
    out = Console(stderr=True)
    yield from track(things, title, console=out, transient=True, disable=not out.is_terminal)


@dataclass(frozen=True)
class Verdict:
    """A number, and the bound that it is held against."""

    what: str
    value: float
    least: float = float("-inf")
    most: float = float("inf")

    @property
    def holds(self) -> bool:
        """Return whether it is within."""
        return self.least <= self.value <= self.most


def write_rows(output: str, about: str, rows: list[Row]) -> None:
    """Write rows to a JSON file, such as those in ``docs/validation/``, with how they were made.

    Args:
        output: the file; none if empty.
        about: what was measured.
        rows: to be a table.
    """
    if not output:
        return
    typed = sys.argv[1:]
    if "--output" in typed:  # where it went is no part of how it was measured
        at = typed.index("--output")
        del typed[at : at + 2]
    command = " ".join(["python -m benchmarks", *typed])
    text = json.dumps({"command": command, "about": about, "rows": rows}, indent=1)
    Path(output).write_text(f"{text}\n", encoding="utf-8")


def show_verdicts(title: str, verdicts: list[Verdict], note: str) -> None:
    """Print what was asked for, what was measured, and whether it holds."""
    table = Table(title=title, caption=note, caption_justify="left")
    for column in ("", "measured", "asked for", ""):
        table.add_column(column, justify="left" if not column else "right")
    for v in verdicts:
        bounds = [f"≥ {v.least:g}"] * (v.least > float("-inf"))
        bounds += [f"≤ {v.most:g}"] * (v.most < float("inf"))
        table.add_row(v.what, f"{v.value:.4g}", " and ".join(bounds), "yes" if v.holds else "NO")
    console().print(table)


def show_groups(
    title: str, rows: list[Row], keys: Iterable[str], columns: dict[str, Callable[[list[Row]], Any]]
) -> None:
    """Print the same numbers for every value of every key, to see where something falls short."""
    table = Table(title=title)
    for column in ("", "", "cells", *columns):
        table.add_column(column, justify="right" if column else "left")
    for key in keys:
        for value in sorted({row[key] for row in rows}):
            part = [row for row in rows if row[key] == value]
            found = [f"{f(part):.3g}" for f in columns.values()]
            table.add_row(key, f"{value}", f"{len(part)}", *found)
        table.add_section()
    console().print(table)


def show_rows(title: str, rows: list[Row], columns: Iterable[str]) -> None:
    """Print some rows; a row may leave columns empty."""
    columns = list(columns)
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for column in columns:
        text = any(isinstance(row.get(column), str) and row[column][:1].isalpha() for row in rows)
        table.add_column(column, justify="left" if text else "right", no_wrap=True)
    for row in rows:
        cells = [row.get(c, "") for c in columns]
        table.add_row(*(f"{c:.4g}" if isinstance(c, float) else str(c) for c in cells))
    console().print(table)
