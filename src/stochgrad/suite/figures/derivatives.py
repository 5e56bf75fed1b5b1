"""The errors of a derivative study: their size, and how they are distributed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stochgrad.suite.analysis.tables import column, grouped
from stochgrad.suite.figures.axes import choose_scale, name_axis
from stochgrad.suite.figures.base import FIGURES
from stochgrad.suite.figures.panels import mark_undefined, note, panels, shared_legend, x_axis
from stochgrad.suite.figures.style import BLACK, BLUE, LOOKS, SKY, VERMILLION, new_figure, setting
from stochgrad.suite.figures.ticks import power_of_ten, scientific
from stochgrad.suite.tasks.result import Result, Row

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig

MEASURES = ("RMSE", "|bias|", "standard deviation", "TensorFlow’s autodiff", "|error|")
MOST_BINS = 60
EXACT_WITHIN = 10
"""The exact value is shown if it is at most this many half widths from the middle."""


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


@FIGURES.register("distribution")
def distribution(config: RunConfig, result: Result) -> Figure | None:
    """Draw the distribution over replicates of the signed relative error, function by function.

    A histogram where there is a single x; else the median against x with the middle half and the
    middle 95 % of the replicates.
    """
    estimates = result.arrays.get("estimates")
    if estimates is None or estimates.shape[1] < 2:
        return None
    exact = np.asarray(result.arrays["exact"], float)[:, None, :]
    size = np.where(exact == 0, np.nan, np.abs(exact))
    errors = (np.where(np.isfinite(estimates), estimates, np.nan) - exact) / size
    if not np.isfinite(errors).any():
        return None
    x = np.asarray(result.arrays["x"], float)
    names = [row["formula"] for row in result.tables["derivatives"][:: len(x)]]
    subtitle = setting(config, result)
    if len(x) == 1:
        return _at_one_point(subtitle, names, float(x[0]), errors[..., 0])
    return _along_x(subtitle, names, x, errors, exact[:, 0] == 0)


def _along_x(subtitle: str, names: list[str], x: Any, errors: Any, undefined: Any) -> Figure:
    headline = f"Distribution of the error, {errors.shape[1]:,} replicates"
    figure, axes = panels(headline, subtitle, names, "signed error / |f′(x)|")
    for ax, panel, zero in zip(axes, errors, undefined, strict=True):
        _quantiles(ax, x, panel)
        mark_undefined(ax, x[zero])
    shared_legend(figure, axes)
    return figure


def _at_one_point(subtitle: str, names: list[str], x: float, errors: Any) -> Figure:
    centred = not all(_exact_in_view(sample) for sample in errors)
    what = "Distribution about the mean" if centred else "Distribution of the error"
    headline = f"{what}, x = {x:.6g}, {errors.shape[1]:,} replicates"
    figure, axes = panels(headline, subtitle, names, "replicates", "")
    for ax, sample in zip(axes, errors, strict=True):
        _histogram(ax, sample, centred=centred)
    shared_legend(figure, axes)
    return figure


def _exact_in_view(errors: Any) -> bool:
    """Return whether the exact value, an error of 0, is near enough to the errors to be shown."""
    finite = errors[np.isfinite(errors)]
    if not finite.size:
        return True
    middle, half = (finite.max() + finite.min()) / 2, (finite.max() - finite.min()) / 2
    return bool(abs(middle) <= EXACT_WITHIN * half)


def _histogram(ax: Axes, errors: Any, *, centred: bool) -> None:
    """Draw a histogram of errors, or of their deviations from their mean."""
    finite = errors[np.isfinite(errors)]
    lost = f"{len(errors) - len(finite):,} not finite" if len(finite) < len(errors) else ""
    if not finite.size:
        note(ax, lost)
        return
    # Of equal numbers, mean and standard deviation are known without rounding.
    equal = finite.min() == finite.max()
    bias = float(finite[0] if equal else finite.mean())
    spread = 0.0 if equal else float(finite.std(ddof=1))
    shown = finite - bias if centred else finite
    power = math.floor(math.log10(np.max(np.abs(shown)) or 1))
    unit = 10.0**power
    bins = min(MOST_BINS, math.ceil(3 * math.cbrt(finite.size)))
    counts = ax.hist(shown / unit, bins, color=SKY, edgecolor=BLUE, linewidth=0.5)[0]
    mean = (0 if centred else bias) / unit
    ax.vlines(mean, 0, np.max(counts), color=VERMILLION, linewidth=1.6, label="mean")
    if not centred:
        ax.axvline(0, color=BLACK, linewidth=1, linestyle="--", label="exact")
    ax.set_ylim(0, 1.35 * np.max(counts))
    ax.set_xlabel(f"{'deviation' if centred else 'error'} / |f′(x)|  ({power_of_ten(power)})")
    note(ax, f"bias {scientific(bias)}, std {scientific(spread)}" + (lost and f"\n{lost}"))


def _quantiles(ax: Axes, x: Any, errors: Any) -> None:
    order = np.argsort(x)
    order = order[np.isfinite(errors[:, order]).any(axis=0)]
    if not order.size:
        note(ax, "no finite estimate")
        return
    at = x[order]
    x_axis(ax, at)
    q = np.nanquantile(errors[:, order], (0.025, 0.25, 0.5, 0.75, 0.975), axis=0)
    ax.axhline(0, color=BLACK, linewidth=0.9, linestyle="--", label="exact")
    ax.fill_between(at, q[0], q[4], color=SKY, alpha=0.35, linewidth=0, label="middle 95 %")
    ax.fill_between(at, q[1], q[3], color=BLUE, alpha=0.4, linewidth=0, label="middle 50 %")
    ax.plot(at, q[2], color=BLUE, linewidth=1.4, label="median")
    ax.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3), useMathText=True)
