"""``regression`` at ``epsilon="auto"`` beside SciPy, numdifftools and jacobi, with noise.

All have the same number of evaluations of a noisy f (:mod:`stochgrad.suite.tasks.rivals`): ours
includes those of its search. A *case* is a function at a point, a noise and a budget. Some of
them are slow: 200 repeats take three quarters of an hour of one processor, ``--repeats 30`` some
minutes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.cases import SEED, settings
from benchmarks.verdict import Row, Verdict, show_groups, show_rows, show_verdicts, with_bar
from stochgrad.random import Purpose, stream
from stochgrad.suite.tasks.rivals import OURS, compare, installed

REPEATS = 200
NOISES = [1e-6, 1e-4, 1e-2]
"""Over |f(x)|."""
BUDGETS = [120, 480]
POINTS = {
    "square": (0.3183, 1.3), "power_pi": (0.3183, 1.3), "self_power": (0.3183, 1.3),
    "exp_power": (0.3183, -0.7), "sin": (1.3, -20.0), "composition_0": (0.8,),
    "composition_1": (-1.1,),
}  # fmt: skip
SHOWN = ("advantage", "rival", "function", "x", "noise", "budget", "rmse", "rival_rmse")


def cases(size: int, repeats: int) -> list[Row]:
    """Measure the first ``size`` of the settings, an error a method."""
    rows: list[Row] = []
    every = [s for s in settings(NOISES, ("float64",)) if s.function in POINTS][:size]
    for number, setting in with_bar("rivals", list(enumerate(every))):
        source = stream(SEED, Purpose.NOISE, number)
        near = np.isclose(setting.x[:, None], POINTS[setting.function], rtol=1e-3).any(axis=1)
        rows += compare(setting.only(near), BUDGETS, repeats, SEED, source, most=repeats)
    return rows


def side_by_side(rows: list[Row]) -> list[Row]:
    """Return a row for each case and each rival."""
    errors = {(_case(row), row["method"]): row["rmse"] for row in rows}
    found = []
    for row in rows:
        if row["method"] != OURS:
            ours = errors[_case(row), OURS]
            found.append(
                {
                    **row, "rival": row["method"], "rival_rmse": row["rmse"], "rmse": ours,
                    "advantage": row["rmse"] / ours if np.isfinite(row["rmse"]) else np.inf,
                }
            )  # fmt: skip
    return found


def _case(row: Row) -> tuple[object, ...]:
    return row["function"], row["x"], row["noise"], row["budget"]


def mean(rows: list[Row]) -> float:
    """Return the geometric mean of the advantages."""
    found = [row["advantage"] for row in rows if np.isfinite(row["advantage"])]
    return float(np.exp(np.mean(np.log(found))))


def main(repeats: int | None = None, size: int | None = None) -> None:
    """Measure, and print."""
    repeats = repeats or REPEATS
    rows = side_by_side(cases(size or len(POINTS) * len(NOISES), repeats))
    columns: dict[str, Any] = {
        "smallest advantage": lambda r: min(row["advantage"] for row in r),
        "geometric mean": mean,
        "not finite": lambda r: sum(not np.isfinite(row["advantage"]) for row in r),
    }
    show_groups("RMSE of others over ours", rows, ("rival", "noise", "budget", "function"), columns)
    show_rows(
        "The smallest advantages", sorted(rows, key=lambda r: float(r["advantage"]))[:10], SHOWN
    )
    best: dict[object, float] = {}
    for row in rows:
        best[_case(row)] = min(row["advantage"], best.get(_case(row), np.inf))
    over_best = [{"advantage": value} for value in best.values()]
    verdicts = [Verdict("smallest advantage over the best other", min(best.values()), 1.0)]
    verdicts += [Verdict("geometric mean over the best other", mean(over_best), 3.0)]
    for name in installed():
        verdicts.append(
            Verdict(f"  over {name}", mean([r for r in rows if r["rival"] == name]), 3.0)
        )
    show_verdicts(
        f"Equal evaluations with noise: {len(best)} cases, {repeats} repeats",
        verdicts,
        f"An RMSE has a relative error of {100 / np.sqrt(2 * repeats):.0f} %. Results that are not "
        "finite are no part of the mean.",
    )
