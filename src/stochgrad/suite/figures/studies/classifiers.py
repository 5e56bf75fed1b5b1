"""Classifiers trained with exact and with estimated derivatives, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stochgrad.suite.analysis.tables import column, grouped, select
from stochgrad.suite.figures.axes import choose_scale
from stochgrad.suite.figures.classification import draw_shares
from stochgrad.suite.figures.learning import LOSS_NAMES
from stochgrad.suite.figures.studies.rows import line_with_band, mean_and_bars, scaled
from stochgrad.suite.figures.style import (
    BLUE,
    GREEN,
    GREY,
    VERMILLION,
    Look,
    new_figure,
    offsets,
)
from stochgrad.suite.tasks.result import Row

GRADIENT_LOOKS = {
    "exact": Look(BLUE, "o", "-"),
    "estimated": Look(VERMILLION, "s", (0, (4, 1.5))),
    "notebook": Look(GREEN, "^", (0, (1, 1))),
}


def learning(curves: Mapping[str, Sequence[Row]], subtitle: str) -> Figure:
    """Draw loss and accuracy against epochs: validation in colour, training as a thin line."""
    figure, axes = new_figure(
        "Learning curves: validation (thick) and training (thin)", subtitle, columns=2,
        size=(8.0, 4.0),
    )  # fmt: skip
    losses = {name: rows[0]["loss"] for name, rows in curves.items()}
    for name, rows in curves.items():
        look = GRADIENT_LOOKS[name]
        for ax, metric, factor in zip(axes[0], ("loss", "accuracy"), (1, 100), strict=True):
            if metric == "loss" and losses[name] != losses["exact"]:
                continue  # on another scale
            for split, width in (("val", 1.7), ("train", 0.7)):
                line = [scaled(row, factor) for row in select(rows, metric=f"{split}_{metric}")]
                label = name if split == "val" else "_"
                line_with_band(ax, line, label, look, linewidth=width)
    loss = f"loss ({LOSS_NAMES.get(losses['exact'], losses['exact'])})"
    for ax, label in zip(axes[0], (loss, "accuracy (%)"), strict=True):
        ax.set(xlabel="epoch", ylabel=label)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes[0, 0].set_yscale("log")
    accuracies = [
        r["mean"] for rows in curves.values() for r in select(rows, metric="val_accuracy")
    ]
    axes[0, 1].set_ylim(bottom=max(0, 100 * np.quantile(accuracies, 0.06) - 2))
    figure.legend(*axes[0, 1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def confusion(tables: Mapping[str, Sequence[Row]], subtitle: str) -> Figure:
    """Draw confusion matrices side by side, each row divided by its true digit's count."""
    figure, axes = new_figure(
        "Confusion matrices (% of the true digit)", subtitle, columns=len(tables),
        size=(4.2 * len(tables), 4.9), sharey=True,
    )  # fmt: skip
    for ax, (name, rows) in zip(axes[0], tables.items(), strict=True):
        classes = 1 + max(row["true"] for row in rows)
        shares = column(rows, "share").reshape(classes, classes)
        draw_shares(ax, 100 * shares)
        ax.set_title(name)
    axes[0, 0].set_ylabel("true digit")
    return figure


def accuracy_by_digit(tables: Mapping[str, Sequence[Row]], subtitle: str) -> Figure:
    """Draw the accuracy for each true digit, sorted by that of the first network."""
    figure, axes = new_figure("Test accuracy by true digit", subtitle)
    ax = axes[0, 0]
    first = next(iter(tables.values()))
    order = [row["digit"] for row in sorted(first, key=lambda row: -row["mean"])]
    for k, (name, rows) in enumerate(tables.items()):
        ranked = sorted(rows, key=lambda row: order.index(row["digit"]))
        y = np.arange(len(order)) + (k - (len(tables) - 1) / 2) * 0.22
        _horizontal(ax, y, [scaled(row, 100) for row in ranked], name, GRADIENT_LOOKS[name])
    images = {row["digit"]: row["images"] for row in first}
    ax.set_yticks(range(len(order)), [f"{digit}  (n = {images[digit]:,})" for digit in order])
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.set(xlabel="accuracy (%)", ylabel="true digit (test images)")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _horizontal(ax: Axes, y: Any, rows: Sequence[Row], label: str, look: Look) -> None:
    mean, bars = mean_and_bars(rows)
    ax.errorbar(mean, y, xerr=bars, fmt=look.marker, color=look.color, markersize=4.5,
                elinewidth=1.2, capsize=2.5, label=label)  # fmt: skip


def paired(differences: Sequence[Row], subtitle: str) -> Figure:
    """Draw accuracy minus that of the exact gradient, seed by seed, with the mean's interval.

    Args:
        differences: ``label``, ``mean``, ``low``, ``high`` and ``each`` (a list), as fractions.
        subtitle: of the figure.
    """
    count = len(differences)
    figure, axes = new_figure(
        "Test accuracy: estimated minus exact, same seeds", subtitle, size=(6.8, 1.7 + 0.27 * count)
    )
    ax = axes[0, 0]
    for y, row in enumerate(differences):
        each = 100 * np.asarray(row["each"])
        ax.plot(each, y + offsets(len(each), 0.5), "o", color=GREY, markersize=2.6, alpha=0.6,
                markeredgewidth=0, label="one seed" if y == 0 else "_")  # fmt: skip
    at = np.arange(count)
    label = "mean with 95 % t interval of the paired difference"
    rows = [scaled(row, 100) for row in differences]
    _horizontal(ax, at, rows, label, GRADIENT_LOOKS["estimated"])
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(at, [row["label"] for row in differences], fontsize=8)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("difference in percentage points")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def cost(rows: Sequence[Row], subtitle: str) -> Figure:
    """Draw test accuracy against evaluations of the activation, and against time.

    Args:
        rows: ``gradient``, ``nfev``, ``epoch_seconds`` (or None) and ``accuracy_mean``, ``_low``,
            ``_high``.
        subtitle: of the figure.
    """
    figure, axes = new_figure(
        "Accuracy against cost", subtitle, columns=2, size=(8.0, 4.2), sharey=True
    )
    for ax, name in zip(axes[0], ("nfev", "epoch_seconds"), strict=True):
        known = [row for row in rows if row[name] is not None]
        scale = choose_scale(ax, column(known, name), "x", always=True, most=5)
        for (gradient,), group in grouped(known, "gradient").items():
            look = GRADIENT_LOOKS[gradient]
            mean, bars = mean_and_bars(group, "accuracy_")
            ax.errorbar(
                scale.place(column(group, name)), 100 * mean, yerr=100 * bars, fmt=look.marker,
                color=look.color, markersize=5, elinewidth=1, capsize=2, alpha=0.85, label=gradient,
            )  # fmt: skip
    axes[0, 0].set(xlabel="evaluations of the activation in training", ylabel="test accuracy (%)")
    axes[0, 1].set_xlabel("seconds an epoch")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
