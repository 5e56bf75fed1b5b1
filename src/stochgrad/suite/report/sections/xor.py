"""How training on XOR converges."""

from __future__ import annotations

from stochgrad.suite.figures.studies.xor import (
    convergence_by_activation,
    convergence_by_epsilon,
    final_error,
)
from stochgrad.suite.report.content import Column, Picture, Section, Table
from stochgrad.suite.report.drawing import drawn
from stochgrad.suite.report.results import Results
from stochgrad.suite.tasks.result import Row

STAGE = "xor_study"
COLUMNS = (
    Column("activation", "activation"),
    Column("estimator", "derivatives"),
    Column("epsilon", "ε", "epsilon"),
    Column("dtype", "dtype"),
    Column("mean_abs_error_mean", "mean abs. error", "number"),
    Column("mean_abs_error_low", "95 % from", "number"),
    Column("mean_abs_error_high", "to", "number"),
    Column("solved_fraction", "seeds solved", "share"),
)


def build(results: Results, dataset: str, section: Section) -> None:
    """Add convergence by activation, and by estimator and step size."""
    finals = results.table(STAGE, "activation_finals")
    curves = results.table(STAGE, "activation_curves")
    seeds = finals[0]["mean_abs_error_n"]
    section.facts |= {"seeds": seeds, "activations": finals}
    steps = max(row["at"] for row in curves)
    of_all = f"2-8-1 network · {steps:,} steps · mean and 95 % t interval of {seeds} seeds"
    setting = f"{of_all} · learning rate {finals[0]['learning_rate']:g}"
    section.add(
        Picture(
            name="xor_by_activation",
            figure=drawn(convergence_by_activation, curves, setting),
            alt="Loss against training steps on XOR for several activation functions; the curves "
            "of exact and estimated derivatives stay close to each other.",
            caption="Exact derivatives (wide) and estimated ones (dashed): the activation decides, "
            "not where its derivative came from.",
            stages=(STAGE,),
        ),
        Table("xor_by_activation", _after(finals, "activation"), COLUMNS, finals, (STAGE,)),
    )
    finals = results.table(STAGE, "epsilon_finals")
    curves = results.table(STAGE, "epsilon_curves")
    dtype = finals[0]["dtype"]
    setting = f"{of_all} · learning rate {finals[0]['learning_rate']:g}"
    section.facts |= {"steps": finals, "dtype": dtype}
    section.add(
        Picture(
            name="xor_by_epsilon",
            figure=drawn(convergence_by_epsilon, curves, f"{setting} · {dtype}"),
            alt="Loss against training steps on XOR, a panel for each estimator and a curve for "
            "each step size: only the smallest steps do not converge.",
            caption=f"In {dtype}, steps near the resolution of the numbers drown the derivative.",
            stages=(STAGE,),
        ),
        Picture(
            name="xor_final_error",
            figure=drawn(final_error, finals, f"{setting} · {dtype}"),
            alt="Mean absolute error after training on XOR against the step size, for each "
            "estimator: flat over many decades, high at the smallest steps.",
            caption="Training works over many decades of ε.",
            stages=(STAGE,),
        ),
        Table("xor_by_epsilon", _after(finals, "step size"), COLUMNS, finals, (STAGE,)),
    )


def _after(finals: list[Row], by: str) -> str:
    rate = finals[0]["learning_rate"]
    return f"After training at a learning rate of {rate:g}, by {by}; intervals of the log error."
