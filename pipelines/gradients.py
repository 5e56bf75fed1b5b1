"""How well gradients of all kinds train at equal budgets, and what each is worth."""

from __future__ import annotations

from pipelines.stage import Finished, Stage, main, no_arguments, parameters
from stochgrad.suite.tasks.result import Row
from stochgrad.suite.tasks.statistics import curve_rows, mean_interval

SUFFIX = "by_"
EXACT = "backprop"


def work(stage: Stage) -> None:
    """Run each preset of the section; keep accuracy against forward passes, and final values."""
    finals: list[Row] = []
    curves: list[Row] = []
    worths: list[Row] = []
    for run in stage.sweep(parameters(stage.root, stage.name, "digits")):
        name = run.swept["experiment"].rpartition(SUFFIX)[2]
        passes = run.stored.metrics["forward_passes"]
        finals.append({"gradient": name, **judge(run, passes)})
        for row in curve_rows(run.stored.curves()):
            if row["metric"] == "val_accuracy":
                curves.append({"gradient": name, **row, "passes": row["at"] * passes})
    for run in stage.sweep(parameters(stage.root, stage.name, "worth")):
        for row in run.stored.table("gradient_worth"):
            worths.append({"dataset": run.config.task.name, "gradient": label(run), **row})
    finals.sort(key=lambda row: -row["accuracy_mean"])
    metrics = {row["gradient"]: {"test_accuracy": row["accuracy_mean"]} for row in finals}
    stage.write(metrics, {"finals": finals, "curves": curves, "worth": worths})


def label(run: Finished) -> str:
    """Return what tells a gradient from others in the table of worth."""
    return run.swept.get("gradient", run.config.gradient.name)


def judge(run: Finished, passes: float) -> Row:
    """Return how well the trained networks do on the test set, over seeds, and at what rate."""
    config = run.config
    accuracy = [row["test_accuracy"] for row in run.stored.table("replicates")]
    epochs = int(getattr(config.task, "epochs"))  # noqa: B009  (of classifiers only)
    return {
        **mean_interval(accuracy, "accuracy"),
        "rate": getattr(config.task, "learning_rate"),  # noqa: B009
        "epsilon": config.epsilon if config.make_gradient().reads_losses else None,
        "num_directions": config.num_directions,
        "passes": passes,
        "epochs": epochs,
        "budget": passes * epochs,
    }


if __name__ == "__main__":
    no_arguments()
    main("gradients", work)
