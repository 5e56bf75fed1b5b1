"""What a network learned of XOR: its outputs for the four inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stochgrad.suite.figures.axes import choose_scale
from stochgrad.suite.figures.base import FIGURES
from stochgrad.suite.figures.style import (
    BLACK,
    BLUE,
    GREY,
    LOOKS,
    VERMILLION,
    new_figure,
    offsets,
    setting,
)
from stochgrad.suite.tasks.result import Result

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig

NARROWEST = 0.05
"""A linear axis of errors reaches at least this fraction of their middle to both sides."""
MOST_MARKERS = 30
"""Steps of a distribution function are marked up to this many."""


@FIGURES.register("outputs")
def outputs(config: RunConfig, result: Result) -> Figure | None:
    """Draw the outputs of all replicates against their targets, and how their errors spread."""
    data = result.dataset
    if result.outputs is None or data is None or data.kind != "bits":
        return None
    values = np.asarray(result.outputs, float)[..., 0]
    if not np.isfinite(values).any():
        return None
    targets = data.targets(data.test, "float64")[:, 0]
    names = [",".join(f"{bit:g}" for bit in row) for row in data.test.inputs]
    panels = 1 if len(values) == 1 else 2
    figure, axes = new_figure(
        "Outputs of the trained network", setting(config, result), 1, panels,
        width_ratios=(3, 2)[:panels],
    )  # fmt: skip
    _strips(axes[0, 0], values, targets, names)
    if panels == 2:
        _error_distribution(axes[0, 1], np.abs(values - targets).mean(axis=1))
    return figure


def _strips(ax: Axes, values: Any, targets: Any, names: list[str]) -> None:
    replicates = len(values)
    at = np.arange(len(targets))
    ax.hlines(targets, at - 0.4, at + 0.4, color=BLACK, linewidth=1.2, label="target")
    x = at + offsets(replicates, 0.6 if replicates > 1 else 0)[:, None]
    label = "output" if replicates == 1 else f"outputs of {replicates} replicates"
    ax.plot(x.ravel(), values.ravel(), "o", color=BLUE, markersize=5 if replicates <= 20 else 3.5,
            alpha=0.7, markeredgewidth=0, label=label)  # fmt: skip
    if replicates == 1:
        for i in np.flatnonzero(np.isfinite(values[0])):
            value = values[0, i]
            ax.annotate(f"{value:.4f}", (i, value), (7, 4), textcoords="offset points")
    ax.set_xticks(at, names)
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.margins(y=0.08)
    ax.grid(visible=False, axis="x")
    ax.set_xlabel("input bits")
    ax.set_ylabel("output")
    ax.legend(loc="center")


def _error_distribution(ax: Axes, errors: Any) -> None:
    """Draw the share of replicates with at most a given error; not finite ones never count."""
    finite = np.sort(errors[np.isfinite(errors)])
    lost = len(errors) - len(finite)
    if lost:
        ax.text(0.03, 0.97, f"{lost} not finite", transform=ax.transAxes, va="top", color=GREY)
    ax.set_ylim(0, 1.04)
    ax.set_xlabel("mean absolute error e")
    ax.set_ylabel(f"share of {len(errors)} replicates ≤ e")
    if not finite.size:
        return
    scale = choose_scale(ax, finite, "x", most=4)
    if not scale.log:
        low, high, middle = finite[0], finite[-1], (finite[0] + finite[-1]) / 2
        margin = max(0.05 * (high - low), NARROWEST * middle - (high - low) / 2)
        ax.set_xlim(low - margin, high + margin)
        ax.locator_params(axis="x", nbins=4)
    at = scale.place(finite)
    share = np.arange(1, len(finite) + 1) / len(errors)
    ax.step([at[0], *at], [0, *share], where="post", color=VERMILLION)
    marker = LOOKS[1].marker if len(at) <= MOST_MARKERS else ","
    ax.plot(at, share, marker, color=VERMILLION, markersize=2.5)
