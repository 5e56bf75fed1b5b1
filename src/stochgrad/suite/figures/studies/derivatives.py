"""Errors of estimated derivatives: of the notebook's, against step size, against draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stochgrad.suite.analysis.tables import column, grouped, select
from stochgrad.suite.figures.axes import choose_scale, name_axis
from stochgrad.suite.figures.panels import measured_and_predicted, prediction_handles, shared_legend
from stochgrad.suite.figures.style import GREY, Look, new_figure, series_looks
from stochgrad.suite.tasks.result import Row

FLOOR = 1e-17
"""Relative errors below this are drawn nowhere: no float64 has them, but for an exact hit."""


def notebook_derivatives(rows: Sequence[Row]) -> Figure:
    """Draw the relative error of each derivative, by dtype, beside TensorFlow's and one ulp."""
    functions = grouped(rows, "function")
    first = rows[0]
    figure, axes = new_figure(
        "Error of the notebook’s four derivatives",
        f"{first['estimator']} · ε = {first['epsilon']:.4g} · N = {first['num_steps']} · x = 1/π · "
        f"RMS over {first['replicates']:,} repeats",
    )
    ax = axes[0, 0]
    series = {
        f"estimate, {dtype}": [row["rmse"] / abs(row["exact"]) for row in select(rows, dtype=dtype)]
        for (dtype,) in grouped(rows, "dtype")
    }
    for (dtype,), group in grouped(rows, "dtype").items():
        if group[0]["tensorflow"] is not None:
            series[f"TensorFlow, {dtype}"] = [
                abs(row["tensorflow"] - row["exact"]) / abs(row["exact"]) for row in group
            ]
    scale = choose_scale(ax, [v for values in series.values() for v in values], always=True)
    for k, ((label, values), look) in enumerate(zip(series.items(), series_looks(), strict=False)):
        x = np.arange(len(values)) + (k - (len(series) - 1) / 2) * 0.16
        ax.plot(x, scale.place(values), look.marker, color=look.color, markersize=6.5, label=label)
    name_axis(ax, [group[0]["formula"] for group in functions.values()])
    ax.set_xlabel("function f(x)")
    ax.set_ylabel("error / |f′(x)|")
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def _by_dtype(
    headline: str, subtitle: str, rows: Sequence[Row]
) -> tuple[Figure, Any, dict[tuple[Any, ...], list[Row]], dict[str, Look]]:
    """Make a figure with a panel for each dtype, and choose a look for each estimator."""
    groups = grouped(rows, "dtype")
    figure, axes = new_figure(headline, subtitle, columns=len(groups), size=(8.0, 4.4), sharey=True)
    estimators = dict.fromkeys(row["estimator"] for row in rows)
    return figure, axes, groups, dict(zip(estimators, series_looks(), strict=False))


def error_against_epsilon(rows: Sequence[Row], subtitle: str) -> Figure:
    """Draw the relative RMSE of each estimator against ε, a panel for each dtype.

    Markers are measured; lines are what theory predicts, dotted where it does not warrant it.

    Args:
        rows: cells of one function, point, noise and N.
        subtitle: what they have in common.
    """
    figure, axes, by_dtype, looks = _by_dtype(
        "Error of an estimated derivative against the step size", subtitle, rows
    )
    for ax, ((dtype,), group) in zip(axes[0], by_dtype.items(), strict=True):
        for (estimator,), cells in grouped(group, "estimator").items():
            measured_and_predicted(ax, cells, estimator, looks[estimator])
        ax.set(xlabel="step size ε", title=dtype)
        _floor(ax, dtype)
    values = column(rows, "rmse") / np.abs(column(rows, "exact"))
    ordinary = values[np.isfinite(values) & (values > FLOOR)]
    lowest = min(ordinary.min(), *(float(np.finfo(dtype).eps) / 2 for (dtype,) in by_dtype))
    axes[0, 0].set_ylim(max(FLOOR, lowest / 5), min(30.0, ordinary.max() * 3))
    axes[0, 0].set_ylabel("error / |f′(x)|")
    predicted = any(row.get("predicted_rmse") is not None for row in rows)
    shared_legend(figure, list(axes[0]), prediction_handles() if predicted else ())
    return figure


def _floor(ax: Axes, dtype: str) -> None:
    floor = float(np.finfo(dtype).eps) / 2
    ax.axhline(floor, color=GREY, linewidth=0.8, linestyle=":")
    ax.annotate(
        f"rounding of {dtype}", (0, floor), xycoords=("axes fraction", "data"), xytext=(3, 3),
        textcoords="offset points", color=GREY, fontsize=7.5,
    )  # fmt: skip


def error_against_draws(rows: Sequence[Row], subtitle: str) -> Figure:
    """Draw the relative RMSE against N, a line for each estimator, a panel for each dtype.

    Args:
        rows: cells of one function and point, each dtype at one ε.
        subtitle: what they have in common.
    """
    figure, axes, by_dtype, looks = _by_dtype(
        "Error of an estimated derivative against the number of draws", subtitle, rows
    )
    values = column(rows, "rmse") / np.abs(column(rows, "exact"))
    for ax, ((dtype,), group) in zip(axes[0], by_dtype.items(), strict=True):
        for (estimator,), cells in grouped(group, "estimator").items():
            cells = sorted(cells, key=lambda row: row["num_steps"])
            look = looks[estimator]
            x, y = column(cells, "num_steps"), column(cells, "rmse") / abs(cells[0]["exact"])
            ax.plot(x, y, color=look.color, marker=look.marker, linestyle=look.linestyle,
                    linewidth=1.2, markersize=4, label=estimator)  # fmt: skip
        epsilons = sorted({row["epsilon"] for row in group})
        at = ", ".join(f"{epsilon:.1e}" for epsilon in epsilons)
        ax.set(xscale="log", yscale="log", xlabel="draws N", title=f"{dtype}, ε = {at}")
        n = np.unique(column(group, "num_steps"))
        top = np.nanmax(column(group, "rmse") / np.abs(column(group, "exact")))
        guide = 1.6 * top * np.sqrt(n[0] / n)
        ax.plot(n, guide, color=GREY, linewidth=0.9, linestyle=":", label="∝ 1/√N")
    ordinary = values[np.isfinite(values) & (values > FLOOR)]
    axes[0, 0].set_ylim(ordinary.min() / 3, ordinary.max() * 3)
    axes[0, 0].set_ylabel("error / |f′(x)|")
    shared_legend(figure, list(axes[0]))
    return figure
