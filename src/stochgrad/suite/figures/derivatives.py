"""The errors of a derivative study: their size, and how they are distributed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from stochgrad.suite.analysis.tables import column, grouped
from stochgrad.suite.figures.axes import choose_scale, name_axis
from stochgrad.suite.figures.base import FIGURES
from stochgrad.suite.figures.panels import mark_undefined, panels, shared_legend, x_axis
from stochgrad.suite.figures.style import LOOKS, new_figure, setting
from stochgrad.suite.tasks.result import Result, Row

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig

MEASURES = ("RMSE", "|bias|", "standard deviation", "TensorFlow’s autodiff", "|error|")


Groups = dict[str, list[Row]]
"""Name of a function to its rows."""
Errors = dict[str, Any]
"""Measure to its values, one for each row."""


@FIGURES.register("error")
def error(config: RunConfig, result: Result) -> Figure | None:
    """Draw RMSE, |bias| and standard deviation over the exact value, and TensorFlow's error.

    Against x, a panel for each function; against the functions where there is a single x.
    """
    rows = sorted(result.tables.get("derivatives", []), key=lambda row: float(row["x"]))
    groups = {name: group for (name,), group in grouped(rows, "function").items()}
    errors = {name: relative_errors(rows) for name, rows in groups.items()}
    if not any(errors.values()):
        return None
    points = np.unique([row["x"] for rows in groups.values() for row in rows])
    if len(points) == 1:
        return _against_functions(config, result, groups, errors, float(points[0]))
    return _against_x(config, result, groups, errors)


def relative_errors(rows: list[Row]) -> Errors:
    """Return each measure of error over |exact|; NaN where the exact value is 0.

    With one replicate there is no spread: RMSE and |bias| are both the absolute error.
    """
    exact = column(rows, "exact")
    size = np.where(exact == 0, np.nan, np.abs(exact))
    with np.errstate(invalid="ignore"):  # infinite derivatives have no distance
        autodiff = np.abs(column(rows, "tensorflow") - exact)
    found = {
        "RMSE": column(rows, "rmse"),
        "|bias|": np.abs(column(rows, "bias")),
        "standard deviation": column(rows, "std"),
        "TensorFlow’s autodiff": autodiff,
    }
    if not np.isfinite(found["standard deviation"]).any():
        found["|error|"] = found.pop("RMSE")
        del found["|bias|"]
    with np.errstate(invalid="ignore"):
        relative = {label: values / size for label, values in found.items()}
    return {label: values for label, values in relative.items() if np.isfinite(values).any()}


def _look(label: str, **marks: Any) -> dict[str, Any]:
    """Return how a measure is drawn. RMSE is wide and hollow: |bias| often lies on it."""
    look = LOOKS[MEASURES.index(label)]
    style = {"color": look.color, "marker": look.marker, "linestyle": look.linestyle, **marks}
    if label == "RMSE":
        style |= {"markerfacecolor": "none", "markersize": 2 * marks.get("markersize", 4)}
    return style


def _against_functions(
    config: RunConfig, result: Result, groups: Groups, errors: dict[str, Errors], x: float
) -> Figure:
    figure, axes = new_figure(
        f"Error of the estimated derivative at x = {x:.6g}", setting(config, result)
    )
    ax = axes[0, 0]
    labels = [m for m in MEASURES if any(m in found for found in errors.values())]
    scale = choose_scale(ax, [v for found in errors.values() for v in found.values()], always=True)
    for k, label in enumerate(labels):
        shift = (k - (len(labels) - 1) / 2) * 0.13
        values = [
            float(found[label][0]) if label in found else math.nan for found in errors.values()
        ]
        style = _look(label, markersize=5.5, linestyle="none")
        ax.plot(np.arange(len(values)) + shift, scale.place(values), label=label, **style)
    names = [_category(rows[0]) for rows in groups.values()]
    name_axis(ax, names, math.inf)
    ax.set_xlabel("function f(x)")
    ax.set_ylabel("error / |f′(x)|")
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def _category(row: Row) -> str:
    return f"{row['formula']}\n(f′(x) = 0)" if row["exact"] == 0 else str(row["formula"])


def _against_x(
    config: RunConfig, result: Result, groups: Groups, errors: dict[str, Errors]
) -> Figure:
    headline = "Error of the estimated derivative"
    formulas = [rows[0]["formula"] for rows in groups.values()]
    figure, axes = panels(headline, setting(config, result), formulas, "error / |f′(x)|")
    for ax, rows, found in zip(axes, groups.values(), errors.values(), strict=True):
        x = column(rows, "x")
        x_axis(ax, x)
        scale = choose_scale(ax, list(found.values()), always=True)
        for label, values in found.items():
            every = max(1, len(x) // 8)
            style = _look(label, markersize=3, linewidth=1.2, markevery=every)
            ax.plot(x, scale.place(values), label=label, **style)
        mark_undefined(ax, x[column(rows, "exact") == 0])
    shared_legend(figure, axes)
    return figure
