"""How well a classifier tells the digits apart, on its test set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from stochgrad.suite.analysis.intervals import LEVEL, Interval, t_interval
from stochgrad.suite.figures.axes import matrix
from stochgrad.suite.figures.base import FIGURES
from stochgrad.suite.figures.style import BLACK, BLUE, GREY, SKY, new_figure, offsets, setting
from stochgrad.suite.tasks.result import Classification, Result

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig


@FIGURES.register("confusion_matrix")
def confusion_matrix(config: RunConfig, result: Result) -> Figure | None:
    """Draw the confusion matrix over all replicates, each row divided by its true digit's count."""
    found = result.classification
    if found is None or found.true.size == 0:
        return None
    replicates, images = found.predicted.shape
    counts = _count(found, _classes(result))
    pooled = f", {replicates} replicates pooled" if replicates > 1 else ""
    figure, axes = new_figure(
        f"Confusion matrix of {images:,} test images{pooled}",
        setting(config, result),
        size=(6.4, 5.4),
    )
    ax = axes[0, 0]
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
    picture = draw_shares(ax, 100 * shares)
    ax.set_ylabel("true digit")
    figure.colorbar(picture, ax=ax, label="share of the true digit (%)", shrink=0.9)
    return figure


def _classes(result: Result) -> int:
    found = result.classification
    if result.dataset is not None:
        return result.dataset.classes
    assert found is not None
    return int(max(found.true.max(), found.predicted.max())) + 1


def _count(found: Classification, classes: int) -> Any:
    """Return how often a true class (row) was predicted as another, in all replicates together."""
    from sklearn.metrics import confusion_matrix as count  # 3 s to import, for classifiers only

    true = np.tile(found.true, len(found.predicted))
    return count(true, found.predicted.ravel(), labels=np.arange(classes)).astype(float)


def draw_shares(ax: Axes, percent: Any) -> AxesImage:
    """Draw how often a true class (row) was predicted as another, in percent; NaN is unknown."""
    picture = matrix(ax, percent, cmap="Blues", vmin=0, vmax=100)
    ax.set_xlabel("predicted digit")
    for (row, column), value in np.ndenumerate(percent):
        if np.isnan(value):
            text = "–"
        elif value == 0:
            continue
        else:
            text = f"{value:.0f}" if value == 100 else f"{value:.1f}"
        color = "white" if value > 55 else BLACK
        ax.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
    return picture


@FIGURES.register("accuracy_by_digit")
def accuracy_by_digit(config: RunConfig, result: Result) -> Figure | None:
    """Draw the test accuracy for each true digit, sorted, with what is uncertain about it.

    One network: Wilson's interval, for the choice of test images. Several: Student's interval of
    their mean, for the choice of seeds on this test set; their predictions of one image depend on
    each other, so that pooling them into one binomial proportion would be wrong.
    """
    found = result.classification
    if found is None or found.true.size == 0:
        return None
    digits, counts, accuracies = zip(*found.by_digit(), strict=True)
    sizes, each = np.array(counts), np.stack(accuracies)
    right = found.predicted == found.true
    replicates = len(found.predicted)
    interval = t_interval(each) if replicates > 1 else _wilson(each[:, 0], sizes)
    order = np.argsort(-interval.centre, kind="stable")

    figure, axes = new_figure("Test accuracy by true digit", setting(config, result))
    ax = axes[0, 0]
    _dots(ax, each[order], interval[order])
    ax.axvline(100 * right.mean(), color=GREY, linestyle="--", linewidth=1, zorder=1,
               label=f"all digits: {100 * right.mean():.1f} %")  # fmt: skip
    ax.set_yticks(range(len(digits)), [f"{digits[i]}  (n = {sizes[i]:,})" for i in order])
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("accuracy (%)")
    ax.set_ylabel("true digit (test images)")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _wilson(accuracy: Any, sizes: Any) -> Interval:
    from scipy.stats import binomtest  # which takes a second to import

    found = [
        binomtest(round(p * n), n).proportion_ci(LEVEL, method="wilson")
        for p, n in zip(accuracy, sizes.tolist(), strict=True)
    ]
    low, high = np.array(found).T
    return Interval(accuracy, low, high)


def _dots(ax: Axes, each: Any, interval: Interval) -> None:
    """Draw a row for each digit: the interval, the centre, and the replicates behind it."""
    y = np.arange(len(each))
    replicates = each.shape[1]
    if replicates > 1:
        label = f"95 % t interval of the mean, n = {replicates} replicates"
        rows = y[:, None] + offsets(replicates, 0.5)
        ax.plot(100 * each.ravel(), rows.ravel(), "o", color=SKY, markersize=2.5, alpha=0.6,
                markeredgewidth=0, zorder=2, label="replicates")  # fmt: skip
    else:
        label = "95 % Wilson interval"
    low, high = np.clip(interval.low, 0, 1), np.clip(interval.high, 0, 1)
    bars = 100 * np.stack([interval.centre - low, high - interval.centre])
    ax.errorbar(100 * interval.centre, y, xerr=bars, fmt="o", color=BLUE, markersize=5,
                elinewidth=1.4, capsize=3, zorder=3, label=label)  # fmt: skip
