"""Errors against step size and against the number of draws, and the best that each can do."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stochgrad.suite.analysis.tables import grouped
from stochgrad.suite.figures.studies.derivatives import error_against_draws, error_against_epsilon
from stochgrad.suite.report.content import Section
from stochgrad.suite.report.results import MissingResultError, Results
from stochgrad.suite.tasks.result import Row
from stochgrad.suite.tasks.statistics import best_epsilons

STAGE = "epsilon_study"
FUNCTION = "power_pi"
ABOUT_LINES = (
    " Markers are measured, lines predicted, dotted where theory does not warrant its prediction."
)
NO_INTERVAL = {"low": None, "high": None}
"""Of what has no random steps: over seeds its error does not vary."""


def build(results: Results, dataset: str, section: Section) -> None:
    """Add both figures, and the best step size of each estimator and dtype."""
    cells = [row for row in results.table(STAGE, "cells") if not row["noise"]]
    chosen = [row for row in cells if row["function"] == FUNCTION] or cells
    x = chosen[0]["x"]  # rounded to its dtype
    chosen = [row for row in chosen if math.isclose(row["x"], x, rel_tol=1e-6)]
    draws = most_common([row["num_steps"] for row in chosen])
    against_epsilon = [row for row in chosen if row["num_steps"] == draws]
    formula, repeats = chosen[0].get("formula", FUNCTION), chosen[0]["replicates"]
    subject = f"derivative of {formula} at x = {x:.4g}"
    best = best_epsilons(against_epsilon)
    predicted = any(row["predicted"] is not None for row in best)
    section.facts |= {
        "best": {(row["estimator"], row["dtype"]): row for row in best},
        "function": formula,
        "x": x,
        "num_steps": draws,
        "repeats": repeats,
        "estimators": list(dict.fromkeys(row["estimator"] for row in best)),
        "predicted": predicted,
        "about_lines": ABOUT_LINES if predicted else "",
    }
    setting = f"{subject} · RMS over {repeats:,} seeds"
    section.draw(
        "error_against_epsilon", error_against_epsilon, against_epsilon, f"{setting} · N = {draws}"
    )
    shown = [row if row["low"] != row["high"] else {**row, **NO_INTERVAL} for row in best]
    section.tabulate("best_epsilon", shown)
    _draws(section, chosen, setting)


def _draws(section: Section, cells: Sequence[Row], subtitle: str) -> None:
    """Add the figure of errors against N, from the step sizes at which N was varied."""
    varied = [
        row
        for group in grouped(cells, "dtype", "epsilon").values()
        if len({row["num_steps"] for row in group}) > 2
        for row in group
    ]
    if not varied:
        raise MissingResultError(
            "no cells of the epsilon study differ in the number of draws alone"
        )
    # One ε for each dtype: the one at which most was measured.
    at = {d: most_common([r["epsilon"] for r in g]) for (d,), g in grouped(varied, "dtype").items()}
    rows = [row for row in varied if row["epsilon"] == at[row["dtype"]]]
    section.facts["draws_epsilon"] = at
    section.draw("error_against_draws", error_against_draws, rows, subtitle)


def most_common(values: Sequence[float]) -> float:
    """Return the value that occurs most often, the first of several."""
    return max(dict.fromkeys(values), key=list(values).count)
