"""The images themselves: samples with labels, how labels are distributed, predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.figures.base import FIGURES
from stochgrad.suite.figures.style import BLACK, LOOKS, VERMILLION, new_figure, setting
from stochgrad.suite.tasks.result import Result

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig

COLUMNS = 7
HATCHES = ("", "////", "....")


@FIGURES.register("samples")
def samples(config: RunConfig, result: Result) -> Figure | None:
    """Draw the first nine training images with their labels."""
    data = _images(result)
    if data is None:
        return None
    return draw_samples(data.train.inputs[:9], data.train.labels, _describe(data))


def draw_samples(images: Any, labels: Iterable[Any], subtitle: str) -> Figure:
    """Draw up to nine images, shape ``(n, height, width, …)``, with their labels."""
    figure, axes = new_figure("Training images and their labels", subtitle, 3, 3, size=(4, 4.6))
    for ax in axes.flat[len(images) :]:
        ax.set_axis_off()
    for ax, image, label in zip(axes.flat, images, labels, strict=False):
        _show(ax, image, f"label {label}")
    return figure


@FIGURES.register("labels")
def labels(config: RunConfig, result: Result) -> Figure | None:
    """Draw how often each label occurs in each split."""
    data = _images(result)
    if data is None:
        return None
    splits = {"training": data.train, "validation": data.validation, "test": data.test}
    counts = {
        name: np.bincount(split.labels, minlength=data.classes)
        for name, split in splits.items()
        if split is not None and len(split)
    }
    return draw_labels(counts, _describe(data))


def draw_labels(counts: Mapping[str, NDArray[Any]], subtitle: str) -> Figure:
    """Draw the share of each label in each split, from how often it occurs there."""
    figure, axes = new_figure("Distribution of labels", subtitle)
    ax = axes[0, 0]
    width = 0.8 / len(counts)
    classes = len(next(iter(counts.values())))
    for i, (name, count) in enumerate(counts.items()):
        x = np.arange(classes) + (i - (len(counts) - 1) / 2) * width
        ax.bar(
            x, 100 * count / count.sum(), width * 0.92, color=LOOKS[i].color, hatch=HATCHES[i],
            edgecolor="white", linewidth=0.5, label=f"{name}, n = {int(count.sum()):,}",
        )  # fmt: skip
    ax.axhline(100 / classes, color=BLACK, linestyle="--", linewidth=0.9, label="all equal")
    ax.set_xticks(range(classes))
    ax.grid(visible=False, axis="x")
    ax.set_xlabel("digit")
    ax.set_ylabel("share of the split (%)")
    figure.legend(loc="outside lower center", ncols=4)
    return figure


@FIGURES.register("predictions")
def predictions(config: RunConfig, result: Result) -> Figure | None:
    """Draw the first test images with replicate 0's predictions, then the next mistakes."""
    data, found = _images(result), result.classification
    if data is None or found is None or found.true.size == 0:
        return None
    predicted = found.predicted[0]
    right = predicted == found.true
    rows = _rows(right)
    replicate = "" if len(found.predicted) == 1 else " of replicate 0"
    figure, axes = new_figure(
        f"True → predicted digit{replicate}: {right.sum():,} of {len(right):,} test images right",
        setting(config, result),
        len(rows),
        COLUMNS,
        size=(6.4, 0.75 + 1.15 * len(rows)),
    )
    for line, (label, row) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(label, fontsize=8.5)
        for ax in line[len(row) :]:
            ax.set_axis_off()
        for ax, i in zip(line, row, strict=False):
            _predict(ax, data.test.inputs[i], int(found.true[i]), int(predicted[i]))
    return figure


def _rows(right: Any) -> dict[str, Any]:
    """Choose images without looking at them: the first ones, then the mistakes that come next."""
    first = np.arange(min(2 * COLUMNS, len(right)))
    wrong = np.flatnonzero(~right)
    rows = {
        f"images 1–{COLUMNS}": first[:COLUMNS],
        f"{COLUMNS + 1}–{2 * COLUMNS}": first[COLUMNS:],
        "next mistakes": wrong[wrong >= len(first)][:COLUMNS],
    }
    return {label: row for label, row in rows.items() if len(row)}


def _predict(ax: Axes, image: Any, true: int, predicted: int) -> None:
    """Show one image; a mistake has a thick frame, bold type and a cross."""
    if true == predicted:
        _show(ax, image, f"{true} → {predicted}")
        return
    _show(ax, image, f"{true} → {predicted} ✗")
    ax.title.set_color(VERMILLION)
    ax.title.set_fontweight("bold")
    for spine in ax.spines.values():
        spine.set(visible=True, color=VERMILLION, linewidth=2.2)


def _show(ax: Axes, image: Any, title: str) -> None:
    picture = np.asarray(image)
    ax.imshow(picture[..., 0] if picture.shape[-1] == 1 else picture, cmap="gray_r")
    ax.set_title(title, fontsize=9, pad=3)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set(visible=True, color="#bbbbbb", linewidth=0.6)


def _images(result: Result) -> Dataset | None:
    data = result.dataset
    return data if data is not None and data.kind == "images" else None


def _describe(data: Dataset) -> str:
    height, width = data.train.inputs.shape[1:3]
    sizes = {"training": data.train, "validation": data.validation, "test": data.test}
    counts = [f"{len(split):,} {name}" for name, split in sizes.items() if split is not None]
    return f"{data.name} · {height} × {width} pixels · {', '.join(counts)}"
