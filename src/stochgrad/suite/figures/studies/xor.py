"""How training on XOR converges."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from stochgrad.suite.analysis.tables import column, grouped, select
from stochgrad.suite.figures.studies.rows import line_with_band, mean_and_bars
from stochgrad.suite.figures.style import GREY, LOOKS, Look, new_figure, series_looks
from stochgrad.suite.tasks.result import Row

EXACT = "analytic"
LOSS = "loss (half squared error)"
APART = 1.12
"""Factor between the markers of estimators at one ε."""
MARKERS = 8
"""On a line that needs them."""


def convergence_by_activation(curves: Sequence[Row], subtitle: str) -> Figure:
    """Draw the loss for each activation: exact derivatives as wide lines, estimated ones dashed."""
    figure, axes = new_figure("XOR: loss by activation function", subtitle, size=(6.8, 4.2))
    ax = axes[0, 0]
    by_activation = grouped(select(curves, metric="train_loss"), "activation")
    for ((activation,), group), look in zip(by_activation.items(), series_looks(), strict=False):
        # What a line is says how derivatives were found: colours that come round have markers.
        marker = "" if look in LOOKS else look.marker
        for (estimator,), rows in grouped(group, "estimator").items():
            exact = estimator == EXACT
            style = {"linewidth": 3.4, "alpha": 0.4} if exact else {"linewidth": 1.3}
            line = Look(look.color, look.marker, "-" if exact else (0, (3, 1.5)))
            label = f"{activation}, {'exact' if exact else estimator}"
            every = max(1, len(rows) // MARKERS)
            line_with_band(ax, rows, label, line, marker=marker, markevery=every, **style)
    _loss_axes(ax)
    ax.set_ylabel(LOSS)
    figure.legend(loc="outside lower center", ncols=4, fontsize=7.5)
    return figure


def convergence_by_epsilon(curves: Sequence[Row], subtitle: str) -> Figure:
    """Draw the loss for each step size, a panel for each estimator."""
    panels = grouped(select(curves, metric="train_loss"), "estimator")
    figure, axes = new_figure(
        "XOR: loss by step size", subtitle, columns=len(panels), size=(8.0, 4.0), sharey=True
    )
    for ax, ((estimator,), group) in zip(axes[0], panels.items(), strict=True):
        by_epsilon = grouped(group, "epsilon").items()
        for ((epsilon,), rows), look in zip(by_epsilon, series_looks(), strict=False):
            line_with_band(ax, rows, f"ε = {epsilon:g}", look)
        _loss_axes(ax)
        ax.set_title(estimator)
    axes[0, 0].set_ylabel(LOSS)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, fontsize=8)
    return figure


def _loss_axes(ax: Axes) -> None:
    ax.set(yscale="log", xlabel="step")
    ax.locator_params(axis="x", nbins=4)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def final_error(finals: Sequence[Row], subtitle: str) -> Figure:
    """Draw the mean absolute error after training against ε, with intervals over seeds.

    Dotted: below which a seed counted as solved.
    """
    figure, axes = new_figure("XOR: error after training, by step size", subtitle)
    ax = axes[0, 0]
    by_estimator = grouped(finals, "estimator")
    series = zip(by_estimator.items(), series_looks(), strict=False)
    for k, (((estimator,), rows), look) in enumerate(series):
        x = column(rows, "epsilon") * APART ** (k - (len(by_estimator) - 1) / 2)
        mean, bars = mean_and_bars(rows, "mean_abs_error_")
        ax.errorbar(
            x, mean, yerr=bars, capsize=2.5, elinewidth=1.1, label=estimator, color=look.color,
            marker=look.marker, linestyle=look.linestyle, linewidth=1, markersize=5,
        )  # fmt: skip
    levels = sorted({row["solved_below"] for row in finals if "solved_below" in row})
    for level in levels:
        ax.axhline(level, color=GREY, linestyle=":", linewidth=1)
        ax.annotate(
            f"solved below {level:g}", (0.62, level), xytext=(0, 4), ha="center",
            xycoords=("axes fraction", "data"), textcoords="offset points", color=GREY, fontsize=8,
        )  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="step size ε", ylabel="mean absolute error")
    ax.set_ylim(min(column(finals, "mean_abs_error_mean").min(), *levels) / 2, 1)
    ax.set_yticks([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.minorticks_off()
    ax.xaxis.set_major_locator(LogLocator(numticks=9))
    figure.legend(loc="outside lower center", ncols=5)
    return figure
