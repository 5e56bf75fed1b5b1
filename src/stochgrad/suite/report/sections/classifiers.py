"""Classifiers trained with exact and with estimated derivatives: accuracy, fidelity, cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stochgrad.suite.analysis.tables import column, grouped, select
from stochgrad.suite.figures.learning import ROUND_OFF, draw_fidelity
from stochgrad.suite.figures.studies import classifiers as figures
from stochgrad.suite.report.content import Section
from stochgrad.suite.report.results import GRADIENTS, MissingResultError, Results
from stochgrad.suite.tasks.result import Curve, Row
from stochgrad.suite.tasks.statistics import by_seed, paired_difference


def build(results: Results, dataset: str, section: Section) -> None:
    """Add everything about the classifiers of a data set."""
    stages = {gradient: f"classifiers/{dataset}-{gradient}" for gradient in GRADIENTS}
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
    section.tabulate("{dataset}_classifiers", runs)
    _paired(section, runs, setting)
    curves = {g: select(results.table(s, "curves"), job=1) for g, s in stages.items()}
    section.draw("{dataset}_learning", figures.learning, curves, setting)
    _fidelity(section, curves["estimated"], estimated)
    section.draw("{dataset}_cost", figures.cost, runs, setting)
    pair = {g: results.table(stages[g], "confusion") for g in ("exact", "estimated")}
    section.draw("{dataset}_confusion", figures.confusion, pair, setting)
    digits = {g: results.table(s, "accuracy_by_digit") for g, s in stages.items()}
    section.draw("{dataset}_by_digit", figures.accuracy_by_digit, digits, setting)
    section.tabulate("{dataset}_by_digit", _digits(digits))


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


def _paired(section: Section, runs: Sequence[Row], setting: str) -> None:
    differences = [
        {
            "label": estimator_label(row),
            "mean": row["difference"],
            "low": row["difference_low"],
            "high": row["difference_high"],
            "each": row["each"],
        }
        for row in select(runs, gradient="estimated")
        if row["each"] is not None
    ]
    if differences:
        section.draw("{dataset}_paired", figures.paired, differences, setting)


def _fidelity(section: Section, curves: Sequence[Row], run: Row) -> None:
    found = [row for row in curves if row["metric"].startswith("gradient_")]
    if not found:
        return
    last = max(row["at"] for row in found)
    section.facts["fidelity"] = {row["metric"]: row["mean"] for row in found if row["at"] == last}
    lines = {
        metric: Curve(column(rows, "at").astype(np.int64), column(rows, "mean")[:, None], "epoch")
        for (metric,), rows in grouped(found, "metric").items()
    }
    resolution = ROUND_OFF * float(np.finfo(run["dtype"]).eps)
    setting = f"{section.facts['dataset']} · {estimator_label(run)} · {run['dtype']}"
    section.draw("{dataset}_fidelity", draw_fidelity, lines, resolution, setting)


def _digits(tables: dict[str, list[Row]]) -> list[Row]:
    rows: dict[int, dict[str, Any]] = {}
    for gradient, table in tables.items():
        for row in table:
            into = rows.setdefault(row["digit"], {"digit": row["digit"], "images": row["images"]})
            into |= {f"{gradient}_{key}": row[key] for key in ("mean", "low", "high")}
    return [rows[digit] for digit in sorted(rows)]
