"""A metric over training, for one replicate or many, as a line in some axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from stochgrad.suite.analysis.intervals import Interval, t_interval
from stochgrad.suite.figures.axes import Scale, choose_scale, count_axis
from stochgrad.suite.figures.style import GREY, Look
from stochgrad.suite.tasks.result import Curve

MOST_LINES = 10
"""Up to this many replicates are drawn one by one under their mean."""
MOST_MARKERS = 10
APART = 0.1
"""Distance between curves of a single point, on an axis of length 2."""


def measured(curve: Curve | None) -> Curve | None:
    """Return the part of a curve where any replicate is finite; None if there is none."""
    if curve is None or not np.isfinite(curve.values).any():
        return None
    rows = np.isfinite(curve.values).any(axis=1)
    return Curve(curve.at[rows], np.asarray(curve.values[rows], float), curve.unit)


def measured_curves(curves: Mapping[str, Curve], names: Mapping[str, str]) -> dict[str, Curve]:
    """Return the measured parts of those curves that have any, by label.

    Args:
        curves: by name.
        names: by label.
    """
    found = {label: measured(curves.get(name)) for label, name in names.items()}
    return {label: curve for label, curve in found.items() if curve is not None}


def band(curve: Curve, *, log: bool) -> Interval | None:
    """Return the confidence band of the mean over the replicates that stayed finite, if several."""
    finite = curve.values[:, np.isfinite(curve.values).all(axis=0)]
    return t_interval(finite, log=log) if finite.shape[1] > 1 else None


def band_ends(curves: Iterable[Curve], resolution: float = 0.0) -> list[Any]:
    """Return the ends of the bands of a logarithmic axis, around the means that it resolves."""
    ends: list[Any] = []
    for curve in curves:
        found = band(curve, log=True)
        if found is not None:
            known = found.centre > resolution
            ends += [*found.low[known], *found.high[known]]
    return ends


def drawn(curves: Iterable[Curve], *, single: bool = True) -> Any:
    """Return every value that :func:`plot_curve` draws as a line, for the choice of a scale."""
    values: list[Any] = []
    for curve in curves:
        whole = np.isfinite(curve.values).all(axis=0)
        alone = ~whole | (single and int(whole.sum()) <= MOST_LINES)
        values.append(curve.values[:, alone].ravel())
        if whole.any():
            values.append(curve.values[:, whole].mean(axis=1))
    return np.concatenate(values)


def panel(
    ax: Axes,
    curves: Mapping[str, Curve],
    looks: Iterable[Look],
    *,
    log: bool = True,
    always: bool = False,
    single: bool = True,
    resolution: float = 0.0,
    most: int = 8,
) -> Scale:
    """Draw curves over counts of steps or epochs, on axes that are chosen for them.

    Single points stand side by side.

    Args:
        ax: the axes.
        curves: from :func:`measured_curves`, by label.
        looks: of the lines.
        log: whether the y axis may be logarithmic.
        always: whether it is, however narrow the span.
        single: whether to draw up to ``MOST_LINES`` replicates one by one too.
        resolution: values up to this count as zero.
        most: ticks on the x axis.
    """
    every, scale = curves.values(), Scale(log=False)
    if log:
        scale = choose_scale(
            ax, drawn(every, single=single), bands=band_ends(every, resolution), always=always,
            resolution=resolution,
        )  # fmt: skip
    for i, ((label, curve), look) in enumerate(zip(curves.items(), looks, strict=False)):
        shift = (i - (len(curves) - 1) / 2) * APART if len(curve.at) == 1 else 0.0
        plot_curve(ax, curve, label, look, scale, single=single, shift=shift)
    longest = max(every, key=lambda curve: len(curve.at))
    count_axis(ax, longest.at, longest.unit, most)
    return scale


def plot_curve(
    ax: Axes,
    curve: Curve,
    label: str,
    look: Look,
    scale: Scale,
    *,
    single: bool = True,
    shift: float = 0.0,
) -> None:
    """Draw the mean over replicates with its confidence band, and where replicates broke off.

    The mean and the band are of the replicates that stayed finite throughout. Each of the others is
    a thin line that ends in a cross at its last finite value. ``shift`` moves all to the right.
    """
    at = curve.at + shift
    whole = np.isfinite(curve.values).all(axis=0)
    finite = curve.values[:, whole]
    for values in curve.values[:, ~whole].T:
        _plot_broken(ax, at, scale.place(values), look)
    if single and 1 < finite.shape[1] <= MOST_LINES:
        ax.plot(at, scale.place(finite), color=look.color, linewidth=0.6, alpha=0.45)
    interval = band(curve, log=scale.log)
    if interval is not None:
        _plot_band(ax, at, interval, look, scale)
    ax.plot(
        at,
        scale.place(finite.mean(axis=1) if finite.size else np.full(len(at), np.nan)),
        color=look.color,
        linestyle=look.linestyle,
        marker=look.marker,
        markevery=max(1, len(at) // MOST_MARKERS),
        label=label,
    )


def _plot_band(ax: Axes, at: Any, interval: Interval, look: Look, scale: Scale) -> None:
    low, high = scale.place(interval.low), scale.place(interval.high)
    if scale.floor is not None:
        # Around a mean that cannot be told from zero there is no band to show.
        zero = interval.centre <= scale.resolution
        low, high = np.where(zero, scale.floor, low), np.where(zero, scale.floor, high)
    if len(at) > 1:
        ax.fill_between(at, low, high, color=look.color, alpha=0.2, linewidth=0)
    else:
        ax.vlines(at, low, high, color=look.color, linewidth=1.2)


def _plot_broken(ax: Axes, at: Any, values: Any, look: Look) -> None:
    finite = np.isfinite(values)
    ax.plot(at, np.where(finite, values, np.nan), color=look.color, linewidth=0.8, alpha=0.8)
    last = np.flatnonzero(finite)[-1:]
    ax.plot(at[last], values[last], color=look.color, marker="x", markersize=7, linestyle="none")


def legend_handles(ax: Axes, curves: list[Curve], *, log: bool) -> list[Any]:
    """Return what a legend must say: the lines, what the band is and of how many, and the crosses.

    Args:
        ax: axes with the lines.
        curves: that were drawn.
        log: whether the band was formed for a logarithmic axis.
    """
    handles: list[Any] = list(ax.get_legend_handles_labels()[0])
    replicates = curves[0].values.shape[1]
    whole = min(int(np.isfinite(c.values).all(axis=0).sum()) for c in curves)
    if whole > 1:
        of = " of its log" if log else ""
        label = f"mean with 95 % t interval{of}, n = {whole}"
        handles.append(Patch(color=GREY, alpha=0.3, linewidth=0, label=label))
    if whole < replicates:
        label = "last finite value"
        label += f" ({replicates - whole} of {replicates} replicates)" if replicates > 1 else ""
        handles.append(Line2D([], [], color=GREY, marker="x", linestyle="none", label=label))
    return handles
