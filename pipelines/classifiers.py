"""A classifier trained with one kind of gradient: ``python -m pipelines.classifiers digits exact``.

The kinds are ``exact``, ``estimated`` (a sweep, whose first run is the one compared in detail) and
``notebook`` (the notebook's own settings).
"""

from __future__ import annotations

import sys

from pipelines.stage import (
    DATASETS,
    MISTAKE,
    Finished,
    Stage,
    given_arguments,
    main,
    parameters,
)
from stochgrad.suite.report.results import GRADIENTS
from stochgrad.suite.tasks.result import Row
from stochgrad.suite.tasks.statistics import (
    confusion_rows,
    curve_rows,
    digit_rows,
    fraction_interval,
)

JUDGED = (
    "test_accuracy", "test_loss", "val_accuracy", "train_accuracy", "gradient_cosine", "best_epoch",
    "nfev",
)  # fmt: skip


def work(stage: Stage) -> None:
    """Run the sweep; keep curves, final accuracies by seed, and what is confused with what."""
    dataset, gradient = stage.name.split("/")[1].split("-")
    runs = stage.sweep(parameters(stage.root, "classifiers", dataset, gradient))
    tables: dict[str, list[Row]] = {"runs": [], "replicates": [], "curves": []}
    for job, run in enumerate(runs, start=1):
        setting = {"job": job, **describe(run)}
        measured = {n: run.stored.metrics[n] for n in JUDGED if n in run.stored.metrics}
        replicates = run.stored.table("replicates")
        accuracy = fraction_interval([row["test_accuracy"] for row in replicates], "accuracy")
        tables["runs"].append({**setting, **measured, **accuracy})
        tables["replicates"] += [{**setting, **row} for row in replicates]
        curves = curve_rows(run.stored.curves())
        tables["curves"] += [{**setting, **row} for row in curves]
    tables["epochs"] = epoch_rows([row for row in tables["curves"] if row["job"] == 1])
    found = runs[0].stored.predictions()
    predicted, true = found["predicted"], found["true"]
    tables["confusion"] = confusion_rows(predicted, true, int(true.max()) + 1)
    tables["accuracy_by_digit"] = digit_rows(predicted, true)
    tables["predictions"] = [
        {"actual": int(a), "predicted": int(p)} for a, p in zip(true, predicted[0], strict=True)
    ]
    first = tables["runs"][0]
    stage.write({name: first[name] for name in JUDGED if name in first}, tables)


def epoch_rows(curves: list[Row]) -> list[Row]:
    """Return a row for each epoch with the mean of every metric that was measured in it."""
    epochs: dict[int, Row] = {}
    for row in curves:
        epochs.setdefault(row["at"], {"epoch": row["at"]})[row["metric"]] = row["mean"]
    return [epochs[at] for at in sorted(epochs)]


def describe(run: Finished) -> Row:
    """Return the settings by which classifiers differ."""
    config = run.config
    return {
        "estimator": config.estimator.name,
        "epsilon": config.epsilon,
        "num_steps": config.num_steps,
        "dtype": config.dtype,
        "activation": config.activation,
        "hidden": "-".join(map(str, config.model.hidden)),
        "loss": config.model.loss,
        "differentiate_at": config.differentiate_at,
    }


if __name__ == "__main__":
    given = given_arguments()
    if len(given) != 2 or given[0] not in DATASETS or given[1] not in GRADIENTS:
        print(
            f"error: name a data set ({', '.join(DATASETS)}) and a gradient "
            f"({', '.join(GRADIENTS)})",
            file=sys.stderr,
        )
        sys.exit(MISTAKE)
    main(f"classifiers/{given[0]}-{given[1]}", work)
