"""Rows of a table as what a plot takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from stochgrad.figures.style import Look
from stochgrad.tasks.result import Row


def column(rows: Iterable[Row], name: str) -> Any:
    """Return a column as float64; an empty cell is NaN."""
    return np.array([math.nan if row[name] is None else row[name] for row in rows], float)


def grouped(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Return the rows that agree in some columns, in order of appearance."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups


def select(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    """Return the rows that have these values."""
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def line_with_band(ax: Axes, rows: Sequence[Row], label: str, look: Look, **style: Any) -> None:
    """Draw ``mean`` against ``at``, and the band from ``low`` to ``high``."""
    at, mean = column(rows, "at"), column(rows, "mean")
    low, high = column(rows, "low"), column(rows, "high")
    if np.isfinite(low).any():
        ax.fill_between(at, low, high, color=look.color, alpha=0.18, linewidth=0)
    drawn = {"color": look.color, "linestyle": look.linestyle, "linewidth": 1.4, **style}
    ax.plot(at, mean, label=label, **drawn)


def dots_with_bars(
    ax: Axes, x: Any, rows: Sequence[Row], name: str, label: str, look: Look, **style: Any
) -> None:
    """Draw ``<name>_mean`` at x with its interval as a bar."""
    mean = column(rows, f"{name}_mean")
    low, high = column(rows, f"{name}_low"), column(rows, f"{name}_high")
    bars = np.nan_to_num(np.stack([mean - low, high - mean]))
    drawn = {"color": look.color, "marker": look.marker, "linestyle": look.linestyle, **style}
    ax.errorbar(x, mean, yerr=bars, capsize=2.5, elinewidth=1.1, label=label, **drawn)
