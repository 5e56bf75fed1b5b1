"""From estimated activations to estimated networks: accuracy against forward passes."""

from __future__ import annotations

from stochgrad.suite.figures.studies.gradients import EXACT, accuracy_against_passes
from stochgrad.suite.report.content import Column, Picture, Section, Table
from stochgrad.suite.report.drawing import drawn
from stochgrad.suite.report.results import Results

STAGE = "gradients"
COLUMNS = (
    Column("gradient", "gradient"),
    Column("accuracy_mean", "test accuracy", "percent"),
    Column("accuracy_low", "95 % from", "percent"),
    Column("accuracy_high", "to", "percent"),
    Column("rate", "learning rate", "number"),
    Column("passes", "passes a step", "number"),
    Column("epochs", "epochs", "whole"),
)
WORTH = (
    Column("dataset", "data"),
    Column("gradient", "gradient"),
    Column("at", "at the"),
    Column("layer", "layer"),
    Column("predicted_snr", "predicted", "number"),
    Column("snr", "measured", "number"),
    Column("standard_error", "± standard error", "number"),
    Column("cosine", "mean cosine", "number"),
)


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
    section.add(
        Picture(
            name="gradients_by_passes",
            figure=drawn(
                accuracy_against_passes, curves, f"64-32-32-10 · mean and 95 % of {seeds} seeds"
            ),
            alt="Validation accuracy on digits against forward passes for each example, a line for "
            "each kind of gradient: those that perturb weights learn slowest.",
            caption="The fewer numbers a direction has, the more one slope says about each.",
            stages=(STAGE,),
        ),
        Table("gradients", "After training, by gradient.", COLUMNS, finals, (STAGE,)),
        Table(
            "gradient_worth",
            "Signal-to-noise ratio of one estimate on a batch, by layer.",
            WORTH,
            results.table(STAGE, "worth"),
            (STAGE,),
        ),
    )
