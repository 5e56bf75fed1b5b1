"""Loss and accuracy over training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from stochgrad.suite.figures.base import FIGURES
from stochgrad.suite.figures.curves import legend_handles, measured_curves, panel
from stochgrad.suite.figures.style import VERMILLION, new_figure, series_looks, setting
from stochgrad.suite.tasks.result import Curve, Result

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig

SPLITS = {"train": "training", "val": "validation"}
LOSS_NAMES = {"squared_error": "half squared error", "softmax_cross_entropy": "cross-entropy"}


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
