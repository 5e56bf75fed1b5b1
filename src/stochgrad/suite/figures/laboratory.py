"""The estimator laboratory: error, prediction, coverage and cost over a grid of settings."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from stochgrad.suite.analysis.tables import column, grouped
from stochgrad.suite.figures.base import FIGURES
from stochgrad.suite.figures.panels import measured_and_predicted, prediction_handles, shared_legend
from stochgrad.suite.figures.style import GREY, Look, new_figure, series_looks
from stochgrad.suite.figures.ticks import log_ticks, tick_labels
from stochgrad.suite.tasks.result import Result, Row

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig

BAND = (0.93, 0.97)
"""Coverage of a 95 % interval that is taken as right."""


@FIGURES.register("study_error")
def study_error(config: RunConfig, result: Result) -> Figure | None:
    """Draw RMSE against ε as measured, and as predicted, for each dtype and noise."""
    return _grid(
        config, result, "Error against step size, predicted and measured", "RMSE / |f′(x)|",
        measured_and_predicted, prediction_handles(),
    )  # fmt: skip


@FIGURES.register("study_coverage")
def study_coverage(config: RunConfig, result: Result) -> Figure | None:
    """Draw the coverage of 95 % intervals against ε, where their status is good.

    Dotted: two standard errors of a share of so many repeats beyond the band.
    """
    chance = 2 * np.sqrt(0.05 * 0.95 / config.replicates)

    def panel(ax: Axes, rows: list[Row], name: str, look: Look) -> None:
        rows = sorted(rows, key=lambda row: float(row["epsilon"]))
        good = column(rows, "good_fraction") > 0.5
        if good.any():
            coverage = np.where(good, column(rows, "coverage"), np.nan)
            ax.semilogx(
                column(rows, "epsilon"), coverage, color=look.color, marker=look.marker,
                markersize=2.6, linewidth=0.7, label=name,
            )  # fmt: skip
        if not ax.patches:
            ax.axhspan(*BAND, color=GREY, alpha=0.2, linewidth=0)
            for end, sign in zip(BAND, (-1, 1), strict=True):
                ax.axhline(end + sign * chance, color=GREY, linewidth=0.8, linestyle=":")
        ax.set_ylim(0.85, 1.0)

    return _grid(config, result, "Coverage of 95 % intervals, where their status is good",
                 "coverage of f′(x)", panel, [])  # fmt: skip


def _grid(
    config: RunConfig,
    result: Result,
    headline: str,
    ylabel: str,
    panel: Callable[[Axes, list[Row], str, Look], None],
    handles: list[Any],
) -> Figure | None:
    """Draw panels of one function at one point: a column a dtype, a row a noise."""
    rows = [row for row in _cells(result) if not _is_draws(config, row)]
    if not rows:
        return None
    function, x = rows[0]["function"], min(row["x"] for row in rows)
    near = [r for r in rows if r["function"] == function and np.isclose(r["x"], x, rtol=1e-6)]
    dtypes, noises = ([key for (key,) in grouped(near, name)] for name in ("dtype", "noise"))
    epsilons, cells = column(near, "epsilon"), grouped(near, "noise", "dtype")
    figure, axes = new_figure(
        headline, f"{function} at x = {x:.4g} · {_setting(config, result)}",
        len(noises), len(dtypes), size=(7.2, 1.5 + 1.9 * len(noises)), sharex="col", sharey="row",
    )  # fmt: skip
    for ax, (noise, dtype) in zip(axes.flat, itertools.product(noises, dtypes), strict=True):
        for (name,), own in grouped(cells.get((noise, dtype), []), "estimator").items():
            panel(ax, own, name, _look(result, name))
        ax.set_title(f"{dtype}, {_noise(noise)}", fontsize=9, loc="right")
        ax.set_xscale("log")  # where there is nothing to draw, too
        ax.set_xlim(epsilons.min() / 1.5, epsilons.max() * 1.5)
        ax.xaxis.set_major_locator(LogLocator(numticks=8))
        ax.xaxis.set_minor_locator(NullLocator())
    for ax in axes[-1]:
        ax.set_xlabel("step size ε")
    figure.supylabel(ylabel, fontsize=10)
    shared_legend(figure, list(axes.flat), handles)
    return figure


@FIGURES.register("study_draws")
def study_draws(config: RunConfig, result: Result) -> Figure | None:
    """Draw the standard deviation against N, with the slope of each line."""
    rows = [r for r in _cells(result) if r["dtype"] == "float64" and _is_draws(config, r)]
    if len(grouped(rows, "num_steps")) < 2:
        return None
    by_noise = grouped(rows, "noise")
    figure, axes = new_figure(
        "Spread against the number of draws, and its slope",
        f"ε = {rows[0]['epsilon']:g} · float64 · {_setting(config, result, draws=False)}",
        1, len(by_noise), size=(2.2 + 2.6 * len(by_noise), 3.6),
    )  # fmt: skip
    for ax, ((noise,), cells) in zip(axes[0], by_noise.items(), strict=True):
        for (name,), own in grouped(cells, "estimator").items():
            groups, look = grouped(own, "num_steps"), _look(result, name)
            at = np.array([n for (n,) in groups], float)
            relative = [_typical(group, "std") for group in groups.values()]
            label = name
            if len(at) > 1:
                slope = np.polyfit(np.log(at), np.log(relative), 1)[0]
                label += f": {slope:.2f}".replace("-", "−")
            ax.loglog(at, relative, color=look.color, marker=look.marker, markersize=3.5,
                      linestyle=look.linestyle, linewidth=1.2, label=label)  # fmt: skip
        ax.set_title(_noise(noise), fontsize=9, loc="right")
        ax.set_xlabel("number of draws N")
        ax.xaxis.set_minor_locator(NullLocator())
        # Below the label by so many font sizes, not by a part of axes that are yet to be laid out.
        ax.legend(fontsize=6.5, loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=5.5)
    axes[0, 0].set_ylabel("std / |f′(x)|")
    return figure


@FIGURES.register("study_cost")
def study_cost(config: RunConfig, result: Result) -> Figure | None:
    """Draw error against evaluations spent, for ours and for other programs."""
    rows = result.tables.get("comparison", [])
    if not rows:
        return None
    by_noise = grouped(rows, "noise")
    methods = dict(zip(grouped(rows, "method"), series_looks(), strict=False))
    figure, axes = new_figure(
        "Error against evaluations spent",
        "geometric mean · each with its defaults, over all calls it can afford",
        1, len(by_noise), size=(2.0 + 2.6 * len(by_noise), 3.6), sharey=True,
    )  # fmt: skip
    for ax, ((noise,), cells) in zip(axes[0], by_noise.items(), strict=True):
        for method, own in grouped(cells, "method").items():
            groups, look = grouped(own, "budget").values(), methods[method]
            ax.loglog(
                [np.mean(column(g, "nfev")) for g in groups], [_typical(g, "rmse") for g in groups],
                color=look.color, marker=look.marker, linestyle=look.linestyle, label=method[0],
                markersize=4,
            )  # fmt: skip
        ax.set_title(_noise(noise), fontsize=9, loc="right")
        ax.set_xlabel("evaluations of f")
        spent = column(rows, "nfev")
        ax.set_xlim(spent.min() / 1.5, spent.max() * 1.5)
        low, high = ax.get_xlim()
        ticks = log_ticks(low, high, most=5)
        ax.set_xticks(ticks, tick_labels(ticks))
        ax.xaxis.set_minor_locator(NullLocator())
    axes[0, 0].set_ylabel("RMSE / |f′(x)|")
    shared_legend(figure, list(axes[0]))
    return figure


def _look(result: Result, estimator: str) -> Look:
    """Return how an estimator looks: the same in every figure of a study."""
    looks = zip(grouped(_cells(result), "estimator"), series_looks(), strict=False)
    return dict(looks)[(estimator,)]


def _cells(result: Result) -> list[Row]:
    return result.tables.get("cells", [])


def _is_draws(config: RunConfig, row: Row) -> bool:
    return bool(row["epsilon"] == getattr(config.task, "draws_epsilon", None))


def _typical(rows: list[Row], key: str) -> float:
    """Return the geometric mean over cells of an error relative to the derivative."""
    relative = column(rows, key) / np.abs(column(rows, "exact"))
    usable = relative[np.isfinite(relative) & (relative > 0)]
    return float(np.exp(np.mean(np.log(usable)))) if usable.size else float("nan")


def _noise(level: float) -> str:
    return f"noise {level:g}·|f|" if level else "no noise"


def _setting(config: RunConfig, result: Result, *, draws: bool = True) -> str:
    number = f"N = {config.num_steps} · " if draws else ""
    return f"{number}{config.replicates:,} repeats · seed {result.seed}"
