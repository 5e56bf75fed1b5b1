"""Figures with a panel for each function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from stochgrad.suite.analysis.tables import column
from stochgrad.suite.figures.axes import choose_scale
from stochgrad.suite.figures.style import BLACK, GREY, SIZE, Look, new_figure
from stochgrad.suite.tasks.result import Row

MOST_PANELS = 3
"""Side by side."""
MOST_MARKERS = 24
MOST_COLUMNS = 5
"""Of a legend."""


def panels(
    headline: str, subtitle: str, formulas: list[str], ylabel: str, xlabel: str = "x"
) -> tuple[Figure, list[Axes]]:
    """Make a figure with a titled panel for each formula, at most three side by side."""
    count = len(formulas)
    columns = 2 if count == 4 else min(MOST_PANELS, count)
    rows = math.ceil(count / columns)
    size = (SIZE[0], 1.2 + 2.0 * rows if rows > 1 else SIZE[1])
    figure, used = several(headline, subtitle, count, columns, size=size)
    for i, (ax, formula) in enumerate(zip(used, formulas, strict=True)):
        # On the right: the left is where an axis writes its power of ten.
        ax.set_title(f"f(x) = {formula}", fontsize=9, loc="right")
        if i + columns >= count:
            ax.set_xlabel(xlabel)
    figure.supylabel(ylabel, fontsize=10)
    return figure, used


def several(
    headline: str, subtitle: str, count: int, columns: int, **options: Any
) -> tuple[Figure, list[Axes]]:
    """Make a figure with so many axes, row by row."""
    figure, axes = new_figure(headline, subtitle, math.ceil(count / columns), columns, **options)
    for ax in axes.flat[count:]:
        ax.set_axis_off()
    return figure, list(axes.flat[:count])


def x_axis(ax: Axes, x: Any) -> None:
    """Make the x axis logarithmic if x is positive and spans more than a decade."""
    if np.min(x) > 0:
        choose_scale(ax, x, "x", most=5)


def mark_undefined(ax: Axes, x: Any) -> None:
    """Mark the points on the x axis where there is no relative error, since f′(x) = 0."""
    if len(x):
        ax.plot(x, np.full(len(x), 0.03), "x", color=GREY, transform=ax.get_xaxis_transform(),
                label="f′(x) = 0")  # fmt: skip


def note(ax: Axes, text: str) -> None:
    """Write a remark in the top left corner."""
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
    ax.text(0.03, 0.96, text, transform=ax.transAxes, va="top", color=GREY, fontsize=8, bbox=box)


def measured_and_predicted(ax: Axes, rows: Sequence[Row], name: str, look: Look) -> None:
    """Draw the relative RMSE of cells against ε: markers as measured, lines as predicted.

    The line is dotted where theory does not warrant its prediction.
    """
    rows = sorted(rows, key=lambda row: float(row["epsilon"]))
    exact, epsilon = abs(rows[0]["exact"]), column(rows, "epsilon")
    every = max(1, len(rows) // MOST_MARKERS)
    ax.plot(
        epsilon[::every], (column(rows, "rmse") / exact)[::every], look.marker, color=look.color,
        markersize=3.6, markeredgewidth=0, label=name,
    )  # fmt: skip
    ax.set(xscale="log", yscale="log")
    if all(row.get("predicted_rmse") is None for row in rows):
        return
    predicted, holds = column(rows, "predicted_rmse") / exact, column(rows, "holds") > 0
    ax.plot(epsilon, np.where(holds, predicted, np.nan), color=look.color, linewidth=1.1)
    ax.plot(epsilon, predicted, color=look.color, linewidth=0.8, linestyle=":")


def prediction_handles() -> list[Line2D]:
    """Return what a legend says of the lines of :func:`measured_and_predicted`."""
    return [
        Line2D([], [], color=BLACK, linewidth=1.1, label="predicted"),
        Line2D([], [], color=BLACK, linewidth=0.8, linestyle=":", label="beyond the theory"),
    ]


def shared_legend(figure: Figure, axes: list[Axes], more: Sequence[Line2D] = ()) -> None:
    """Put one legend under all panels, in as many columns as there is room for."""
    found: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    found |= {str(handle.get_label()): handle for handle in more}
    if not found:
        return
    for columns in range(MOST_COLUMNS, 0, -1):
        legend = figure.legend(
            handles=list(found.values()), labels=list(found), loc="outside lower center",
            ncols=columns,
        )  # fmt: skip
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()
