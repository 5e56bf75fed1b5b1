"""Classifiers trained with exact and with estimated derivatives: accuracy, fidelity, cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stochgrad.suite.analysis.tables import grouped, select
from stochgrad.suite.figures.fidelity import ROUND_OFF
from stochgrad.suite.figures.studies import classifiers as figures
from stochgrad.suite.report.content import Column, Picture, Section, Table
from stochgrad.suite.report.drawing import drawn
from stochgrad.suite.report.results import GRADIENTS, MissingResultError, Results
from stochgrad.suite.tasks.result import Row
from stochgrad.suite.tasks.statistics import by_seed, paired_difference

COLUMNS = (
    Column("gradient", "gradient"),
    Column("estimator", "estimator"),
    Column("epsilon", "ε", "epsilon"),
    Column("num_steps", "N", "whole"),
    Column("hidden", "hidden layers"),
    Column("accuracy_mean", "test accuracy", "percent"),
    Column("accuracy_low", "95 % from", "percent"),
    Column("accuracy_high", "to", "percent"),
    Column("difference", "minus exact (points)", "points"),
    Column("difference_low", "95 % from", "points"),
    Column("difference_high", "to", "points"),
    Column("nfev", "evaluations", "number"),
    Column("epoch_seconds", "s an epoch", "seconds"),
)
DIGITS = (
    Column("digit", "digit"),
    Column("images", "test images", "whole"),
    *(
        Column(f"{gradient}_{key}", title.format(gradient), "percent")
        for gradient in GRADIENTS
        for key, title in (("mean", "{}"), ("low", "95 % from"), ("high", "to"))
    ),
)


def build(results: Results, dataset: str, section: Section) -> None:
    """Add everything about the classifiers of a data set."""
    stages = {gradient: f"classifiers/{dataset}-{gradient}" for gradient in GRADIENTS}
    every = tuple(stages.values())
    runs = _runs(results, stages)
    headline = {gradient: select(runs, gradient=gradient)[0] for gradient in GRADIENTS}
    seeds = headline["exact"]["accuracy_n"]
    estimated = headline["estimated"]
    section.facts |= {
        "runs": runs,
        "seeds": seeds,
        "test_images": sum(
            r["images"] for r in results.table(stages["exact"], "accuracy_by_digit")
        ),
        **headline,
        "worst": min(select(runs, gradient="estimated"), key=lambda row: row["accuracy_mean"]),
    }
    try:
        section.facts["cost"] = results.record(f"cost/{dataset}")
    except MissingResultError as error:
        section.missing.append(str(error))
    name = estimator_label(estimated)
    setting = f"{dataset} · {seeds} seeds · estimated: {name} · {estimated['dtype']}"
    section.add(Table(f"{dataset}_classifiers", _caption(seeds), COLUMNS, runs, every))
    _paired(section, dataset, runs, setting, every)
    curves = {g: select(results.table(s, "curves"), job=1) for g, s in stages.items()}
    section.add(
        Picture(
            name=f"{dataset}_learning",
            figure=drawn(figures.learning, curves, setting),
            alt=f"Loss and accuracy against epochs on {dataset}: the curves of exact and estimated "
            "derivatives lie on each other, those of the notebook’s settings apart.",
            caption="Means over seeds with 95 % t intervals. Curves that coincide are drawn on "
            "each other; a loss of another kind than the exact network’s would be left out.",
            stages=every,
        )
    )
    _fidelity(section, dataset, curves["estimated"], estimated, stages["estimated"])
    section.add(
        Picture(
            name=f"{dataset}_cost",
            figure=drawn(figures.cost, runs, setting),
            alt=f"Test accuracy on {dataset} against evaluations of the activation function and "
            "against seconds an epoch, for every run.",
            caption="Every run of the matrix: accuracy with 95 % t intervals, against what the "
            "derivatives cost: a closed form no evaluation, automatic differentiation one.",
            stages=every,
        )
    )
    _confused(section, dataset, results, stages, setting)


def _caption(seeds: int) -> str:
    return (
        f"Mean test accuracy over seeds ({seeds} of each) with Student’s 95 % interval; the "
        "difference from the exact gradient is paired by seed. Seconds an epoch: of all seeds "
        "together, the fastest epoch after the first, validation included; runs were made at "
        "different times, and the answer above compares times properly."
    )


def estimator_label(row: Row) -> str:
    """Name an estimator with its ε and N.

    >>> estimator_label({"estimator": "quadratic", "epsilon": 1e-3, "num_steps": 10})
    'quadratic, ε = 0.001, N = 10'
    """
    return f"{row['estimator']}, ε = {row['epsilon']:g}, N = {row['num_steps']}"


def _runs(results: Results, stages: dict[str, str]) -> list[Row]:
    """Return a row for each run, with its time and its paired difference from the exact one."""
    rows: list[Row] = []
    exact: dict[int, float] = {}
    for gradient, stage in stages.items():
        replicates = grouped(results.table(stage, "replicates"), "job")
        records = results.record(stage)["runs"]
        for row, record in zip(results.table(stage, "runs"), records, strict=True):
            accuracy = by_seed(replicates[(row["job"],)], "test_accuracy")
            new = {"gradient": gradient, **row, "epoch_seconds": fastest(record["parts"])}
            if gradient == "exact":  # which takes no steps
                new |= {"epsilon": None, "num_steps": None}
            shared = sorted(accuracy.keys() & exact.keys())
            if len(shared) > 1:
                found = paired_difference(accuracy, exact)
                new |= {"difference": found["mean"]}
                new |= {f"difference_{key}": found[key] for key in ("low", "high")}
                new["each"] = [accuracy[seed] - exact[seed] for seed in shared]
            exact = exact or accuracy
            rows.append(new)
    empty = ("difference", "difference_low", "difference_high", "each")
    return [{**dict.fromkeys(empty), **row} for row in rows]


def fastest(parts: Sequence[float]) -> float | None:
    """Return the seconds of the fastest epoch after the first, which compiles; None if none.

    Another program on the machine makes an epoch longer, and nothing makes it shorter.
    """
    return min(parts[1:]) if len(parts) > 1 else None


def _paired(
    section: Section, dataset: str, runs: Sequence[Row], setting: str, stages: tuple[str, ...]
) -> None:
    compared = [row for row in select(runs, gradient="estimated") if row["each"] is not None]
    if not compared:
        return
    differences = [
        {
            "label": estimator_label(row),
            "mean": row["difference"],
            "low": row["difference_low"],
            "high": row["difference_high"],
            "each": row["each"],
        }
        for row in compared
    ]
    section.add(
        Picture(
            name=f"{dataset}_paired",
            figure=drawn(figures.paired, differences, setting),
            alt=f"Differences in test accuracy on {dataset} between estimated and exact "
            "derivatives, one row for each setting, with intervals around zero unless the step is "
            "too small.",
            caption="Each dot is one seed trained both ways, from the same weights and in the same "
            "order of examples.",
            stages=stages,
        )
    )


def _fidelity(section: Section, dataset: str, curves: Sequence[Row], run: Row, stage: str) -> None:
    found = [row for row in curves if row["metric"].startswith("gradient_")]
    if not found:
        return
    resolution = ROUND_OFF * float(np.finfo(run["dtype"]).eps)
    last = max(row["at"] for row in found)
    final = {row["metric"]: row["mean"] for row in found if row["at"] == last}
    section.facts["fidelity"] = final
    setting = f"{dataset} · {estimator_label(run)} · {run['dtype']}"
    section.add(
        Picture(
            name=f"{dataset}_fidelity",
            figure=drawn(figures.fidelity, found, resolution, setting),
            alt=f"One minus the cosine, and the relative error, of the estimated gradient on "
            f"{dataset} against the exact one, by layer, over epochs.",
            caption="The gradient of one batch with estimated derivatives against the exact one. "
            "Errors grow towards the input, since each layer passes on those above it.",
            stages=(stage,),
        )
    )


def _confused(
    section: Section, dataset: str, results: Results, stages: dict[str, str], setting: str
) -> None:
    pair = {g: results.table(stages[g], "confusion") for g in ("exact", "estimated")}
    digits = {g: results.table(s, "accuracy_by_digit") for g, s in stages.items()}
    every = tuple(stages.values())
    section.add(
        Picture(
            name=f"{dataset}_confusion",
            figure=drawn(figures.confusion, pair, setting),
            alt=f"Two confusion matrices of {dataset}, of exact and of estimated derivatives: "
            "nearly all on the diagonal, and alike.",
            caption="All seeds together; each row sums to 100 %.",
            stages=(stages["exact"], stages["estimated"]),
        ),
        Picture(
            name=f"{dataset}_by_digit",
            figure=drawn(figures.accuracy_by_digit, digits, setting),
            alt=f"Test accuracy on {dataset} for each true digit, of exact, estimated and the "
            "notebook’s derivatives, with intervals.",
            caption="Sorted by the accuracy of the exact gradient; 95 % t intervals over seeds.",
            stages=every,
        ),
        Table(
            f"{dataset}_by_digit", "Test accuracy by true digit.", DIGITS, _digits(digits), every
        ),
    )


def _digits(tables: dict[str, list[Row]]) -> list[Row]:
    rows: dict[int, dict[str, Any]] = {}
    for gradient, table in tables.items():
        for row in table:
            into = rows.setdefault(row["digit"], {"digit": row["digit"], "images": row["images"]})
            into |= {f"{gradient}_{key}": row[key] for key in ("mean", "low", "high")}
    return [rows[digit] for digit in sorted(rows)]
