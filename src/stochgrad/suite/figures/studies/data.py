"""A data set: its first images, and how often each label occurs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from stochgrad.suite.analysis.tables import column, grouped
from stochgrad.suite.figures.style import LOOKS, new_figure
from stochgrad.suite.tasks.result import Row

HATCHES = ("", "////", "\\\\\\\\")


def samples(rows: Sequence[Row], subtitle: str) -> Figure:
    """Draw labelled images in a 3×3 grid.

    Args:
        rows: ``label`` and ``pixel_0 … pixel_{n²−1}``.
        subtitle: of the figure.
    """
    figure, axes = new_figure("Training images and their labels", subtitle, 3, 3, size=(4, 4.6))
    for ax, row in zip(axes.flat, rows, strict=False):
        pixels = np.array([row[f"pixel_{i}"] for i in range(len(row) - 1)])
        side = math.isqrt(len(pixels))
        ax.imshow(pixels.reshape(side, side), cmap="gray_r")
        ax.set_title(f"label {row['label']}", fontsize=9, pad=3)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.grid(visible=False)
        for spine in ax.spines.values():
            spine.set(visible=True, color="#bbbbbb", linewidth=0.6)
    return figure


def labels(rows: Sequence[Row], subtitle: str) -> Figure:
    """Draw the share of each label in each split."""
    figure, axes = new_figure("Distribution of labels", subtitle)
    ax = axes[0, 0]
    splits = grouped(rows, "split")
    width = 0.8 / len(splits)
    for i, ((name,), group) in enumerate(splits.items()):
        count = column(group, "count")
        x = column(group, "label") + (i - (len(splits) - 1) / 2) * width
        ax.bar(
            x, 100 * count / count.sum(), width * 0.92, color=LOOKS[i].color, hatch=HATCHES[i],
            edgecolor="white", linewidth=0.5, label=f"{name}, n = {int(count.sum()):,}",
        )  # fmt: skip
    ax.set_xticks(range(10))
    ax.grid(visible=False, axis="x")
    ax.set(xlabel="digit", ylabel="share of the split (%)")
    figure.legend(loc="outside lower center", ncols=3)
    return figure
