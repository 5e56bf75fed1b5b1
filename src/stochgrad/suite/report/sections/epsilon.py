"""Errors against step size and against the number of draws, and the best that each can do."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stochgrad.suite.analysis.tables import grouped
from stochgrad.suite.figures.studies.derivatives import error_against_draws, error_against_epsilon
from stochgrad.suite.report.content import Column, Picture, Section, Table
from stochgrad.suite.report.drawing import drawn
from stochgrad.suite.report.results import MissingResultError, Results
from stochgrad.suite.tasks.result import Row
from stochgrad.suite.tasks.statistics import best_epsilons

STAGE = "epsilon_study"
FUNCTION = "power_pi"
COLUMNS = (
    Column("estimator", "estimator"),
    Column("dtype", "dtype"),
    Column("epsilon", "best ε", "epsilon"),
    Column("relative", "error / |f′| there", "number"),
    Column("low", "95 % from", "number"),
    Column("high", "to", "number"),
    Column("predicted", "predicted", "number"),
    Column("nfev", "evaluations of f", "whole"),
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
    section.facts |= {
        "best": {(row["estimator"], row["dtype"]): row for row in best},
        "function": formula,
        "x": x,
        "num_steps": draws,
        "repeats": repeats,
        "estimators": list(dict.fromkeys(row["estimator"] for row in best)),
        "predicted": any(row["predicted"] is not None for row in best),
    }
    section.add(
        Picture(
            name="error_against_epsilon",
            figure=drawn(
                error_against_epsilon, against_epsilon,
                f"{subject} · RMS over {repeats:,} seeds · N = {draws}",
            ),
            alt="Relative error of each estimator against the step size, in float32 and float64, "
            "on logarithmic axes: V-shaped curves that fall with the step until rounding wins.",
            caption="Left of each minimum the error is rounding, right of it truncation."
            + (
                " Markers are measured, lines predicted, dotted where theory does not warrant its "
                "prediction."
                if section.facts["predicted"]
                else ""
            ),
            stages=(STAGE,),
        ),
        Table(
            name="best_epsilon",
            caption="The smallest error over all step sizes that were tried. Choosing the smallest "
            "of many measured values flatters it, by up to half an interval or so; one without "
            "random steps has no interval, and chance roundings flatter it.",
            columns=COLUMNS,
            rows=[row if row["low"] != row["high"] else {**row, **NO_INTERVAL} for row in best],
            stages=(STAGE,),
        ),
    )  # fmt: skip
    _draws(section, chosen, f"{subject} · RMS over {repeats:,} seeds")


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
    section.add(
        Picture(
            name="error_against_draws",
            figure=drawn(error_against_draws, rows, subtitle),
            alt="Relative error against the number of draws, in float32 and float64, on "
            "logarithmic axes: lines that fall like one over the root of N, or do not fall at all.",
            caption="More draws help where the error is noise, and only there. "
            "The dotted line falls like 1/√N.",
            stages=(STAGE,),
        )
    )


def most_common(values: Sequence[float]) -> float:
    """Return the value that occurs most often, the first of several."""
    return max(dict.fromkeys(values), key=list(values).count)
