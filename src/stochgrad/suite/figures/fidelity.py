"""How far the gradients that trained a network were from the exact ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stochgrad.suite.figures.axes import Scale
from stochgrad.suite.figures.base import FIGURES
from stochgrad.suite.figures.curves import legend_handles, measured_curves, panel
from stochgrad.suite.figures.style import BLACK, Look, new_figure, series_looks, setting
from stochgrad.suite.tasks.result import Curve, Result

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig

COSINE, ERROR = "gradient_cosine", "gradient_relative_error"
WHOLE = Look(BLACK, "o", "-")
ROUND_OFF = 4
"""A cosine is a sum over weights, rounded: 1 − cosine is not known to less than some units of the
last place of 1."""


@FIGURES.register("gradient_fidelity")
def gradient_fidelity(config: RunConfig, result: Result) -> Figure | None:
    """Draw 1 − cosine and the relative error of the gradient, of the whole and of each layer."""
    if not (_curves(result.curves, COSINE) or _curves(result.curves, ERROR)):
        return None
    resolution = ROUND_OFF * float(np.finfo(config.dtype).eps)
    return draw_fidelity(result.curves, resolution, setting(config, result))


def draw_fidelity(curves: Mapping[str, Curve], resolution: float, subtitle: str) -> Figure:
    """Draw 1 − cosine and the relative error of the gradient, of the whole and of each layer.

    Args:
        curves: ``gradient_cosine``, ``gradient_relative_error``, and those of layers.
        resolution: of 1 − cosine: what rounding leaves of it.
        subtitle: of the figure.
    """
    cosines = _curves(curves, COSINE)
    apart = {name: Curve(c.at, 1 - c.values, c.unit) for name, c in cosines.items()}
    errors = _curves(curves, ERROR)
    every = [
        (apart, "1 − cosine similarity", resolution),
        (errors, "relative error", 0.0),
    ]
    present = [(lines, label, limit) for lines, label, limit in every if lines]
    figure, axes = new_figure("Estimated against exact gradient", subtitle, 1, len(present))
    scales = [_panel(ax, *panel) for ax, panel in zip(axes[0], present, strict=True)]
    drawn_curves = [curve for lines, _, _ in present for curve in lines.values()]
    handles = legend_handles(axes[0, 0], drawn_curves, log=any(scale.log for scale in scales))
    figure.legend(handles=handles, loc="outside lower center", ncols=4 if len(handles) <= 4 else 3)
    return figure


def _curves(curves: Mapping[str, Curve], metric: str) -> dict[str, Curve]:
    """Return the curve of the whole gradient, then those of the layers, by label."""
    layers = sorted(
        int(match[1]) for name in curves if (match := re.fullmatch(rf"{metric}_layer_(\d+)", name))
    )
    names = {"all layers": metric, **{f"layer {i}": f"{metric}_layer_{i}" for i in layers}}
    return measured_curves(curves, names)


def _panel(ax: Axes, curves: dict[str, Curve], ylabel: str, resolution: float) -> Scale:
    looks = chain([WHOLE] if "all layers" in curves else [], series_looks())
    ax.set_ylabel(ylabel)
    return panel(ax, curves, looks, always=True, single=False, resolution=resolution, most=5)
