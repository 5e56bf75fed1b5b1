"""How training on XOR converges."""

from __future__ import annotations

from stochgrad.suite.figures.studies.xor import (
    convergence_by_activation,
    convergence_by_epsilon,
    final_error,
)
from stochgrad.suite.report.content import Section
from stochgrad.suite.report.results import Results

STAGE = "xor_study"


def build(results: Results, dataset: str, section: Section) -> None:
    """Add convergence by activation, and by estimator and step size."""
    finals = results.table(STAGE, "activation_finals")
    curves = results.table(STAGE, "activation_curves")
    seeds = finals[0]["mean_abs_error_n"]
    section.facts |= {"seeds": seeds, "activations": finals}
    steps = max(row["at"] for row in curves)
    of_all = f"2-8-1 network · {steps:,} steps · mean and 95 % t interval of {seeds} seeds"
    setting = f"{of_all} · learning rate {finals[0]['learning_rate']:g}"
    section.draw("xor_by_activation", convergence_by_activation, curves, setting)
    section.tabulate("xor_by_activation", finals)
    finals = results.table(STAGE, "epsilon_finals")
    curves = results.table(STAGE, "epsilon_curves")
    dtype = finals[0]["dtype"]
    section.facts |= {"steps": finals, "dtype": dtype}
    setting = f"{of_all} · learning rate {finals[0]['learning_rate']:g} · {dtype}"
    section.draw("xor_by_epsilon", convergence_by_epsilon, curves, setting)
    section.draw("xor_final_error", final_error, finals, setting)
    section.tabulate("xor_by_epsilon", finals)
