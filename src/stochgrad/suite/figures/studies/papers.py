"""The runs of a paper's table: their errors against what they cost."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from stochgrad.suite.analysis.tables import column, grouped
from stochgrad.suite.figures.axes import choose_scale
from stochgrad.suite.figures.studies.rows import line_with_band
from stochgrad.suite.figures.style import new_figure, series_looks
from stochgrad.suite.tasks.result import Row

COSTS = {
    "passes": "forward passes for each example",
    "seconds": "seconds, all seeds of a cell together",
}


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
