"""Rows of a table as lines and dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from stochgrad.suite.analysis.tables import column
from stochgrad.suite.figures.style import Look
from stochgrad.suite.tasks.result import Row


def line_with_band(ax: Axes, rows: Sequence[Row], label: str, look: Look, **style: Any) -> None:
    """Draw ``mean`` against ``at``, and the band from ``low`` to ``high``."""
    at, mean = column(rows, "at"), column(rows, "mean")
    low, high = column(rows, "low"), column(rows, "high")
    if np.isfinite(low).any():
        ax.fill_between(at, low, high, color=look.color, alpha=0.18, linewidth=0)
    drawn = {"color": look.color, "linestyle": look.linestyle, "linewidth": 1.4, **style}
    ax.plot(at, mean, label=label, **drawn)


def mean_and_bars(rows: Sequence[Row], prefix: str = "") -> tuple[NDArray[Any], NDArray[Any]]:
    """Return ``mean``, and how far ``low`` and ``high`` are from it, shape ``(2, n)``."""
    mean, low, high = (column(rows, f"{prefix}{name}") for name in ("mean", "low", "high"))
    return mean, np.nan_to_num(np.stack([mean - low, high - mean]))


def scaled(row: Row, factor: float) -> Row:
    """Return a row with its mean and its interval times a factor."""
    bounds = {k: None if row[k] is None else factor * row[k] for k in ("mean", "low", "high")}
    return {**row, **bounds}
