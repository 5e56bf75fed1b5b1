"""How well networks learn from estimated gradients, against what they cost."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from stochgrad.suite.analysis.tables import grouped
from stochgrad.suite.figures.studies.rows import line_with_band
from stochgrad.suite.figures.style import new_figure, series_looks
from stochgrad.suite.tasks.result import Row

EXACT = "backprop"


def accuracy_against_passes(curves: Sequence[Row], subtitle: str) -> Figure:
    """Draw validation accuracy against forward passes, a line for each gradient."""
    figure, axes = new_figure("Digits: accuracy by gradient", subtitle, size=(6.8, 4.4))
    ax = axes[0, 0]
    rows = [{**row, "at": row["passes"], **_percent(row)} for row in curves]
    for ((name,), group), look in zip(
        grouped(rows, "gradient").items(), series_looks(), strict=False
    ):
        wide = {"linewidth": 3.4, "alpha": 0.4} if name == EXACT else {}
        label = name.replace("_", " ") + (" (exact)" if name == EXACT else "")
        line_with_band(ax, group, label, look, **wide)
    ax.set(xscale="log", xlabel="forward passes for each example", ylabel="validation accuracy, %")
    figure.legend(loc="outside lower center", ncols=4, fontsize=7.5)
    return figure


def _percent(row: Row) -> Row:
    return {key: 100 * row[key] for key in ("mean", "low", "high") if row[key] is not None}
