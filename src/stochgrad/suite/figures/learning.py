"""Loss and accuracy over training, and how far its gradients were from the exact ones."""

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
from stochgrad.suite.figures.style import BLACK, VERMILLION, Look, new_figure, series_looks, setting
from stochgrad.suite.tasks.result import Curve, Result

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig

SPLITS = {"train": "training", "val": "validation"}
LOSS_NAMES = {"squared_error": "half squared error", "softmax_cross_entropy": "cross-entropy"}
COSINE, ERROR = "gradient_cosine", "gradient_relative_error"
WHOLE = Look(BLACK, "o", "-")
ROUND_OFF = 4
"""A cosine is a sum over weights, rounded: 1 − cosine is not known to less than some units of the
last place of 1."""


@FIGURES.register("loss")
def loss(config: RunConfig, result: Result) -> Figure | None:
    """Draw training and validation loss against epochs or steps."""
    curves = _curves(result, "loss")
    if not curves:
        return None
    name = LOSS_NAMES.get(config.model.loss, config.model.loss)
    label = f"loss ({name})"
    figure = _draw(curves, "Loss during training", setting(config, result), label, log=True)
    if result.failure is not None:
        failed = f"failed: {result.failure}"
        figure.axes[0].set_title(failed, loc="left", color=VERMILLION, fontsize=8.5)
    return figure


@FIGURES.register("accuracy")
def accuracy(config: RunConfig, result: Result) -> Figure | None:
    """Draw training and validation accuracy against epochs or steps, for a classifier."""
    curves = _curves(result, "accuracy")
    if not curves:
        return None
    percent = {k: Curve(c.at, 100 * c.values, c.unit) for k, c in curves.items()}
    headline = "Accuracy during training"
    return _draw(percent, headline, setting(config, result), "accuracy (%)", log=False)


def _curves(result: Result, metric: str) -> dict[str, Curve]:
    return measured_curves(result.curves, {label: f"{s}_{metric}" for s, label in SPLITS.items()})


def _draw(
    curves: dict[str, Curve], headline: str, subtitle: str, ylabel: str, *, log: bool
) -> Figure:
    figure, axes = new_figure(headline, subtitle)
    ax = axes[0, 0]
    scale = panel(ax, curves, series_looks(), log=log)
    handles = legend_handles(ax, list(curves.values()), log=scale.log)
    only = f"{next(iter(curves))} " if len(curves) == 1 else ""
    ax.set_ylabel(only + ylabel)
    if len(handles) > 1:
        ax.legend(handles=handles)
    return figure


@FIGURES.register("gradient_fidelity")
def gradient_fidelity(config: RunConfig, result: Result) -> Figure | None:
    """Draw 1 − cosine and the relative error of the gradient, of the whole and of each layer."""
    if not (_by_layer(result.curves, COSINE) or _by_layer(result.curves, ERROR)):
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
    cosines = _by_layer(curves, COSINE)
    apart = {name: Curve(c.at, 1 - c.values, c.unit) for name, c in cosines.items()}
    errors = _by_layer(curves, ERROR)
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


def _by_layer(curves: Mapping[str, Curve], metric: str) -> dict[str, Curve]:
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
