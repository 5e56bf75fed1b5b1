"""A metric over the settings that a sweep varies: against each of them, and as a map of two."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from stochgrad.suite.analysis.intervals import Interval, bootstrap_interval, bootstrap_intervals
from stochgrad.suite.figures.axes import Scale, choose_scale, matrix, name_axis
from stochgrad.suite.figures.style import (
    BLACK,
    BLUE,
    GREY,
    LOOKS,
    Look,
    drawn,
    new_figure,
    offsets,
)

MOST_SERIES = len(LOOKS)
"""Up to this many combinations of the other settings get a line of their own."""
MOST_ANNOTATED = 12
"""Cells of a map in a row or column, up to which the numbers are written into them."""
SEEDS = "seeds"
Value = float | int | str


@dataclass(frozen=True)
class Point:
    """Runs that differ in seed only.

    Attributes:
        axes: the values of the swept settings.
        values: the metric of each run, shape ``(n,)``.
    """

    axes: Mapping[str, Value]
    values: Any


@dataclass(frozen=True)
class Grid:
    """What a sweep found.

    Attributes:
        metric: its name.
        points: one for each combination of settings.
        setting: what all runs have in common, in one line.
    """

    metric: str
    points: Sequence[Point]
    setting: str

    @cached_property
    def axes(self) -> list[str]:
        """Names of the swept settings with several values."""
        names = dict.fromkeys(name for point in self.points for name in point.axes)
        return [name for name in names if len(self.levels(name)) > 1]

    @cached_property
    def intervals(self) -> dict[int, Interval]:
        """Return the interval of the mean of each point that has one, by the point's ``id``."""
        found = bootstrap_intervals([point.values for point in self.points])
        pairs = zip(self.points, found, strict=True)
        return {id(point): one for point, one in pairs if not np.isnan(one.low)}

    def levels(self, axis: str) -> list[Value]:
        """Return the values of a setting: numbers in order, names as they come."""
        found = list(dict.fromkeys(point.axes[axis] for point in self.points if axis in point.axes))
        return sorted(found) if all(isinstance(v, int | float) for v in found) else found  # type: ignore[type-var]


def draw_grid(grid: Grid) -> dict[str, Figure]:
    """Draw the metric against each swept setting, and as a map if there are two.

    A sweep over seeds alone gets a picture of how its runs spread.

    Returns:
        Figures by name; none where there is nothing to draw.
    """
    if not any(np.isfinite(point.values).any() for point in grid.points):
        return {}
    axes = grid.axes
    figures: dict[str, tuple[Any, ...]] = {
        f"{grid.metric}_by_{name}": (_against, grid, name) for name in axes
    }
    if len(axes) == 2:
        figures[f"{grid.metric}_map"] = (_map, grid, *axes)
    if not axes and len(grid.points[0].values) > 1:
        figures[f"{grid.metric}_by_seed"] = (_spread, grid)
    return {name: drawn(*call) for name, call in figures.items()}


def _against(grid: Grid, axis: str) -> Figure:
    """Draw a line for each combination of the other settings, or all of them and their mean."""
    figure, axes = new_figure(f"{grid.metric} against {axis}", grid.setting)
    ax = axes[0, 0]
    levels = grid.levels(axis)
    x_of = _x_axis(ax, axis, levels)
    series = _series(grid, axis)
    finite = [np.mean(p.values) for p in grid.points if np.isfinite(p.values).all()]
    ends = [float(end) for one in grid.intervals.values() for end in (one.low, one.high)]
    scale = choose_scale(ax, finite, bands=ends)
    few = len(series) <= MOST_SERIES
    for i, (label, points) in enumerate(series.items()):
        look = LOOKS[i] if few else Look(GREY, "", "-")
        shift = (i - (len(series) - 1) / 2) * 0.08 if few and isinstance(levels[0], str) else 0.0
        line = ax, points, axis, x_of, shift, look, scale, label if few else ""
        _line(*line, intervals=grid.intervals, bold=few)
    if not few:
        mean = [
            Point({axis: v}, [np.mean(p.values) for p in grid.points if p.axes.get(axis) == v])
            for v in levels
        ]
        label = f"mean over {len(series)} combinations of the other settings"
        _line(ax, mean, axis, x_of, 0.0, LOOKS[0], scale, label, intervals={}, bold=True)
    ax.set_xlabel(axis)
    ax.set_ylabel(grid.metric)
    _legend(figure, ax, grid)
    return figure


def _series(grid: Grid, axis: str) -> dict[str, list[Point]]:
    """Gather the points by the values of all other settings."""
    series: dict[str, list[Point]] = {}
    for point in grid.points:
        others = [name for name in grid.axes if name != axis]
        label = ", ".join(f"{name} {_text(point.axes[name])}" for name in others)
        if axis in point.axes:
            series.setdefault(label, []).append(point)
    return series


def _x_axis(ax: Axes, axis: str, levels: list[Value]) -> Callable[[Value], float]:
    """Prepare the x axis: logarithmic, linear, or with a place for each name."""
    if all(isinstance(level, int | float) for level in levels):
        choose_scale(ax, [level for level in levels if isinstance(level, int | float)], "x")
        return lambda level: float(level)
    places = {level: float(i) for i, level in enumerate(levels)}
    name_axis(ax, [_text(level) for level in levels])
    return lambda level: places[level]


def _line(
    ax: Axes,
    points: list[Point],
    axis: str,
    x_of: Callable[[Value], float],
    shift: float,
    look: Look,
    scale: Scale,
    label: str,
    *,
    intervals: Mapping[int, Interval],
    bold: bool,
) -> None:
    ordered = sorted(points, key=lambda point: x_of(point.axes[axis]))
    x = np.array([x_of(point.axes[axis]) for point in ordered]) + shift
    means = np.array([np.mean(point.values) for point in ordered])
    named = isinstance(ordered[0].axes[axis], str)
    ax.plot(
        x, scale.place(means), color=look.color, marker=look.marker,
        linestyle="none" if named and bold else look.linestyle,
        linewidth=1.6 if bold else 0.6, alpha=1.0 if bold else 0.5, label=label or "_",
    )  # fmt: skip
    known = [i for i, point in enumerate(ordered) if id(point) in intervals]
    if known:
        found = [intervals[id(ordered[i])] for i in known]
        low = scale.place([float(one.low) for one in found])
        high = scale.place([float(one.high) for one in found])
        ax.vlines(x[known], low, high, color=look.color, linewidth=1.2, alpha=1 if bold else 0.4)


def _legend(figure: Figure, ax: Axes, grid: Grid) -> None:
    handles, labels = ax.get_legend_handles_labels()
    counts = sorted({len(point.values) for point in grid.points})
    if counts[-1] > 1:
        seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        handles.append(ax.vlines([], [], [], color=GREY, linewidth=1.2))
        labels.append(f"mean of {seeds} {SEEDS}, 95 % bootstrap interval")
    if handles:
        longest = max(map(len, labels))
        figure.legend(
            handles=handles, labels=labels, loc="outside lower center",
            ncols=max(1, min(3, 100 // (longest + 6))),
        )  # fmt: skip


def _map(grid: Grid, across: str, down: str) -> Figure:
    """Draw the mean metric for every pair of values of two settings."""
    columns, rows = grid.levels(across), grid.levels(down)
    cells = np.full((len(rows), len(columns)), np.nan)
    for point in grid.points:
        cells[rows.index(point.axes[down]), columns.index(point.axes[across])] = np.mean(
            point.values
        )
    size = (6.4, min(9.0, max(2.6, 1.8 + 0.45 * len(rows))))
    figure, axes = new_figure(f"{grid.metric} over {across} and {down}", grid.setting, size=size)
    ax = axes[0, 0]
    finite = cells[np.isfinite(cells)]
    log = finite.size > 0 and finite.min() > 0 and finite.max() > 10 * finite.min()
    norm = LogNorm(finite.min(), finite.max()) if log else None
    picture = matrix(ax, cells, cmap="cividis", norm=norm, aspect="auto")
    if max(cells.shape) <= MOST_ANNOTATED:
        _annotate(ax, cells, picture)
    name_axis(ax, [_text(value) for value in columns])
    ax.set_yticks(range(len(rows)), [_text(v) for v in rows])
    ax.set_xlabel(across)
    ax.set_ylabel(down)
    runs = max(len(point.values) for point in grid.points)
    label = f"{grid.metric}, mean of {runs} {SEEDS}" if runs > 1 else grid.metric
    figure.colorbar(picture, ax=ax, label=label)
    return figure


def _annotate(ax: Axes, cells: Any, picture: Any) -> None:
    for (row, column), value in np.ndenumerate(cells):
        if not np.isfinite(value):
            ax.text(column, row, "–", ha="center", va="center", color=GREY)
            continue
        light = picture.norm(value) > 0.55
        ax.text(
            column, row, f"{value:.3g}", ha="center", va="center", fontsize=8,
            color=BLACK if light else "white",
        )  # fmt: skip


def _spread(grid: Grid) -> Figure:
    """Draw the runs of a sweep over seeds alone, with their mean and its interval."""
    values = np.asarray(grid.points[0].values, float)
    figure, axes = new_figure(
        f"{grid.metric} of {len(values)} {SEEDS}", grid.setting, size=(6.4, 2.6)
    )
    ax = axes[0, 0]
    finite = values[np.isfinite(values)]
    scale = choose_scale(ax, finite, "x")
    height = offsets(len(finite), 0.6)
    ax.plot(scale.place(finite), height, "o", color=BLUE, alpha=0.7, markeredgewidth=0, label="run")
    found = bootstrap_interval(finite)
    if math.isfinite(float(found.low)):
        ax.hlines([0], found.low, found.high, color=BLACK, linewidth=2)
        label = "mean, 95 % bootstrap interval"
        ax.plot([found.centre], [0], "D", color=BLACK, markersize=6, label=label)
    ax.set_ylim(-0.6, 0.6)
    ax.set_yticks([])
    ax.set_xlabel(grid.metric)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _text(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"
