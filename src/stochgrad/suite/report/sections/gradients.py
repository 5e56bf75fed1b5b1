"""From estimated activations to estimated networks: accuracy against forward passes."""

from __future__ import annotations

from stochgrad.suite.figures.studies.costs import EXACT, accuracy_against_passes
from stochgrad.suite.report.content import Section
from stochgrad.suite.report.results import Results

STAGE = "gradients"


def build(results: Results, dataset: str, section: Section) -> None:
    """Add accuracy against forward passes, final accuracies, and what a gradient is worth."""
    finals, curves = results.table(STAGE, "finals"), results.table(STAGE, "curves")
    seeds = finals[0]["accuracy_n"]
    by_name = {row["gradient"]: row for row in finals}
    section.facts |= {
        "seeds": seeds,
        "finals": by_name,
        "exact": by_name.get(EXACT),
        "budget": max(row["budget"] for row in finals),
    }
    subtitle = f"64-32-32-10 · mean and 95 % of {seeds} seeds"
    section.draw("gradients_by_passes", accuracy_against_passes, curves, subtitle)
    section.tabulate("gradients", finals)
    section.tabulate("gradient_worth", results.table(STAGE, "worth"))
