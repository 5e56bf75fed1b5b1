"""Axes: logarithmic ones that show exact zeros as zeros, and counts of steps or epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from stochgrad.suite.figures.style import GREY
from stochgrad.suite.figures.ticks import MOST_TICKS, log_ticks, scientific, tick_labels

MARGIN = 0.05
"""Of the length of an axis, left free beyond the data."""
FARTHEST = -306.0, 308.0
"""Decades that a logarithmic axis can show, of normal numbers."""
NARROWEST = 1e-3
"""Length of a linear axis, over the largest value on it."""

ROOM = 60
"""Characters that have room side by side under an axis."""


@dataclass(frozen=True)
class Scale:
    """The scale chosen for an axis.

    Attributes:
        log: whether it is logarithmic.
        resolution: values up to this cannot be told from zero.
        floor: where a logarithmic axis shows such values; None if there are none.
    """

    log: bool
    resolution: float = 0.0
    floor: float | None = None

    def place(self, values: Any) -> Any:
        """Return where to draw ``values``: as they are, but zeros at the floor."""
        values = np.asarray(values, float)
        if self.floor is None:
            return values
        return np.where(values <= self.resolution, self.floor, values)


def choose_scale(
    ax: Axes,
    values: Any,
    axis: Literal["x", "y"] = "y",
    *,
    bands: Any = (),
    always: bool = False,
    resolution: float = 0.0,
    most: int = MOST_TICKS,
) -> Scale:
    """Make an axis logarithmic if the positive values span more than a decade.

    A linear one is never so short that differences of less than a thousandth look like any.

    Zeros then have a place of their own below the smallest value, marked by a dotted line and a
    tick ``0``, or ``≤ resolution`` where numbers that small are only round-off.

    Args:
        ax: the axes.
        values: everything that will be drawn on the axis; not finite ones are ignored.
        axis: which one.
        bands: ends of intervals; a logarithmic axis is extended to them, by a decade at most.
        always: take a logarithmic axis, of a decade at least, however narrow the span.
        resolution: values up to this, negative ones too, count as zero.
        most: ticks.
    """
    finite = _finite(values)
    zeros = bool((finite <= resolution).any())
    positive = finite[finite > resolution]
    if zeros and resolution > 0:
        positive = np.append(positive, (resolution, 10 * resolution))
    if not positive.size or not (always or positive.max() / 10 > positive.min()):
        _widen(ax, np.concatenate([finite, _finite(bands)]), axis)
        return Scale(log=False)
    with np.errstate(over="ignore"):
        ends = np.clip(_finite(bands), positive.min() / 10, positive.max() * 10)
    positive = np.concatenate([positive, ends])
    low, high = _limits(float(positive.min()), float(positive.max()))
    ticks = log_ticks(low, high, most)
    labels = tick_labels(ticks)
    floor = None
    if zeros:
        room = 2 * MARGIN * (math.log10(high) - math.log10(low))  # for the tick, in decades
        floor, low = (_power(math.log10(low) - far * room) for far in (1, 2.5))
        zero = f"≤ {scientific(resolution, 1)}" if resolution > 0 else "0"
        ticks, labels = [floor, *ticks], [zero, *labels]
        line = ax.axhline if axis == "y" else ax.axvline
        line(floor, color=GREY, linewidth=0.8, linestyle=":")
    ax.set(**{f"{axis}scale": "log", f"{axis}lim": (low, high)})
    chosen = ax.yaxis if axis == "y" else ax.xaxis
    chosen.set_ticks(ticks, labels)
    chosen.set_minor_locator(NullLocator())
    return Scale(log=True, resolution=resolution, floor=floor)


def _widen(ax: Axes, values: Any, axis: str) -> None:
    """Keep values that are all but equal from filling an axis, as if they differed."""
    if not values.size:
        return
    least = NARROWEST * np.abs(values).max()
    if values.max() - values.min() < least:
        middle = (values.max() + values.min()) / 2
        ax.set(**{f"{axis}lim": (middle - least / 2, middle + least / 2)})


def _finite(values: Any) -> Any:
    flat = np.ravel(np.asarray(values, float))
    return flat[np.isfinite(flat)]


def _limits(low: float, high: float) -> tuple[float, float]:
    """Widen to a decade about the middle if need be, and by a margin."""
    first, last = math.log10(low), math.log10(high)
    widen = max(0.0, (1 - (last - first)) / 2)
    widen += MARGIN * (last - first + 2 * widen)
    return _power(first - widen), _power(last + widen)


def _power(exponent: float) -> float:
    """Return 10 to a power that is kept within what numbers reach."""
    return float(10.0 ** min(max(exponent, FARTHEST[0]), FARTHEST[1]))


def name_axis(ax: Axes, names: Sequence[str], room: float = ROOM) -> None:
    """Give each name a place on the x axis, turned where they are more than ``room`` characters."""
    crowded = max(map(len, names)) * len(names) > room
    ax.set_xticks(range(len(names)), names, rotation=30 if crowded else 0)
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.grid(visible=False, axis="x")


def matrix(ax: Axes, cells: Any, **style: Any) -> AxesImage:
    """Draw cells as colours, rows from the top, each with a tick."""
    picture = ax.imshow(cells, **style)
    ax.set(xticks=range(cells.shape[1]), yticks=range(cells.shape[0]))
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return picture


def count_axis(ax: Axes, at: Any, unit: str, most: int = 8) -> None:
    """Label the x axis as epochs or steps, with whole numbers."""
    ax.set_xlabel(unit)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=most, integer=True, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    if len(at) == 1:
        ax.set_xlim(at[0] - 1, at[0] + 1)
        ax.set_xticks(at)
