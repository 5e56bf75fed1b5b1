"""The error of gradient estimators against the shots that they spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from stochgrad.suite.analysis.intervals import LEVEL, t_interval
from stochgrad.suite.figures.axes import choose_scale
from stochgrad.suite.figures.base import FIGURES
from stochgrad.suite.figures.style import GREY, Look, new_figure, series_looks, setting
from stochgrad.suite.tasks.result import Result, Row

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig

USELESS = 1.0
"""Relative error of the estimate 0."""


@FIGURES.register("error_against_shots")
def error_against_shots(config: RunConfig, result: Result) -> Figure | None:
    """Draw the relative RMSE of each estimator against shots, measured and predicted."""
    groups: dict[str, list[tuple[Row, NDArray[Any]]]] = {}
    rows = result.tables.get("gradients", [])
    if not rows:
        return None
    squared = result.arrays["squared_errors"].reshape(len(rows), -1)
    norm2 = float((result.arrays["exact"] ** 2).sum(axis=-1).mean())
    for row, errors in zip(rows, squared / norm2, strict=True):
        groups.setdefault(row["estimator"], []).append((row, errors))
    angles = result.arrays["exact"].shape[-1]
    headline = f"Error of the gradient with respect to {angles} angles, against shots"
    figure, axes = new_figure(headline, setting(config, result))
    ax = axes[0, 0]
    several = squared.shape[1] > 1
    values = [row[key] for row in rows for key in ("relative_rmse", "predicted_relative_rmse")]
    ends = np.sqrt(_interval(squared / norm2)) if several else ()
    choose_scale(ax, [*values, USELESS], bands=ends, always=True)
    choose_scale(ax, [row["shots"] for row in rows], "x", always=True)
    for (name, points), look in zip(groups.items(), series_looks(), strict=False):
        ordered = sorted(points, key=lambda point: float(point[0]["shots"]))
        _plot(ax, name, ordered, look, several=several)
    ax.axhline(USELESS, color=GREY, linewidth=0.8, linestyle=":")
    ax.set_xlabel("shots for one gradient")
    ax.set_ylabel("RMSE / ‖∇f‖")
    handles: list[Any] = list(ax.get_legend_handles_labels()[0])
    if several:
        label = f"{LEVEL:.0%} t interval, n = {squared.shape[1]}".replace("%", " %")
        handles.append(Line2D([], [], color=GREY, marker="|", linestyle="none", label=label))
    handles.append(Line2D([], [], color=GREY, linewidth=0.8, label="predicted"))
    handles.append(Line2D([], [], color=GREY, linewidth=0.8, linestyle=":", label="estimate 0"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _interval(squared: NDArray[Any]) -> NDArray[Any]:
    found = t_interval(squared, log=True)
    return np.stack([found.low, found.high])


def _plot(
    ax: Axes, name: str, points: list[tuple[Row, NDArray[Any]]], look: Look, *, several: bool
) -> None:
    shots = [row["shots"] for row, _ in points]
    measured = [row["relative_rmse"] for row, _ in points]
    predicted = [row["predicted_relative_rmse"] for row, _ in points]
    ax.plot(shots, predicted, color=look.color, linewidth=0.8)
    ax.plot(
        shots, measured, label=name, color=look.color, marker=look.marker, linestyle="none",
        markerfacecolor="white", markersize=5.5,
    )  # fmt: skip
    if several:
        low, high = np.sqrt(_interval(np.stack([errors for _, errors in points])))
        ax.vlines(shots, low, high, color=look.color, linewidth=1.5, zorder=3)
