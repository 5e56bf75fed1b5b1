"""How well networks learn, against what that costs: from estimated gradients, and in papers."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from stochgrad.suite.analysis.tables import column, grouped
from stochgrad.suite.figures.axes import choose_scale
from stochgrad.suite.figures.studies.rows import line_with_band, scaled
from stochgrad.suite.figures.style import new_figure, series_looks
from stochgrad.suite.tasks.result import Row

EXACT = "backprop"
COSTS = {
    "passes": "forward passes for each example",
    "seconds": "seconds, all seeds of a cell together",
}


def accuracy_against_passes(curves: Sequence[Row], subtitle: str) -> Figure:
    """Draw validation accuracy against forward passes, a line for each gradient."""
    figure, axes = new_figure("Digits: accuracy by gradient", subtitle, size=(6.8, 4.4))
    ax = axes[0, 0]
    rows = [{**scaled(row, 100), "at": row["passes"]} for row in curves]
    for ((name,), group), look in zip(
        grouped(rows, "gradient").items(), series_looks(), strict=False
    ):
        wide = {"linewidth": 3.4, "alpha": 0.4} if name == EXACT else {}
        label = name.replace("_", " ") + (" (exact)" if name == EXACT else "")
        line_with_band(ax, group, label, look, **wide)
    ax.set(xscale="log", xlabel="forward passes for each example", ylabel="validation accuracy, %")
    figure.legend(loc="outside lower center", ncols=4, fontsize=7.5)
    return figure


def error_against_cost(curves: Sequence[Row]) -> Figure:
    """Draw errors against forward passes, and beside that against time, a line for each cell.

    Args:
        curves: rows with ``cell``, ``examples``, ``passes``, ``seconds``, ``error`` in percent, and
            ``low`` and ``high`` of the seeds.
    """
    examples = " or ".join(dict.fromkeys(str(row["examples"]) for row in curves))
    cells = grouped(curves, "cell")
    legend = -(-len(cells) // 3)
    figure, axes = new_figure(
        f"Error on the {examples} examples against what it cost", "mean and range of the seeds",
        columns=2, size=(7.6, 3.9 + 0.17 * legend), sharey=True,
    )  # fmt: skip
    errors, ends = column(curves, "error"), [column(curves, end) for end in ("low", "high")]
    for ax, (cost, label) in zip(axes[0], COSTS.items(), strict=True):
        scale = choose_scale(ax, errors, bands=ends, always=True)
        choose_scale(ax, column(curves, cost), "x", always=True)
        for ((name,), group), look in zip(cells.items(), series_looks(), strict=False):
            drawn = {"mean": "error", "low": "low", "high": "high"}
            rows = [
                {"at": row[cost], **{key: float(scale.place(row[k])) for key, k in drawn.items()}}
                for row in group
            ]
            line_with_band(ax, rows, str(name), look)
        ax.set_xlabel(label)
    axes[0, 0].set_ylabel("error, %")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=7.5)
    return figure
