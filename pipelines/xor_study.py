"""How training on XOR converges, by activation, step size and estimator."""

from __future__ import annotations

from pipelines.stage import Finished, Stage, main, no_arguments, parameters
from stochgrad.suite.tasks.result import Row
from stochgrad.suite.tasks.statistics import curve_rows, mean_interval


def work(stage: Stage) -> None:
    """Run each sweep of the section; keep loss curves and final errors."""
    metrics: dict[str, dict[str, dict[str, float]]] = {}
    tables: dict[str, list[Row]] = {}
    for name in parameters(stage.root, stage.name):
        finals: list[Row] = []
        curves: list[Row] = []
        for run in stage.sweep(parameters(stage.root, stage.name, name)):
            setting = describe(run)
            finals.append({**setting, **judge(run)})
            curves += [{**setting, **row} for row in curve_rows(run.stored.curves())]
            label = "_".join(run.swept.values()) or run.config.estimator.name
            metrics.setdefault(name, {})[label] = {
                key: run.stored.metrics[key] for key in ("mean_abs_error", "solved_fraction")
            }
        tables[f"{name}_finals"] = finals
        tables[f"{name}_curves"] = curves
    stage.write(metrics, tables)


def describe(run: Finished) -> Row:
    """Return the settings by which runs of the study differ."""
    config = run.config
    return {
        "activation": config.activation,
        "estimator": config.estimator.name,
        "epsilon": config.epsilon,
        "num_steps": config.num_steps,
        "dtype": config.dtype,
    }


def judge(run: Finished) -> Row:
    """Return how well the trained networks do, over seeds."""
    errors = [row["mean_abs_error"] for row in run.stored.table("replicates")]
    return {
        **mean_interval(errors, "mean_abs_error", log=True),
        "learning_rate": run.config.task.learning_rate,
        "worst": max(errors),
        "solved_fraction": run.stored.metrics["solved_fraction"],
        "solved_below": run.config.task.solved_below,
        "gradient_cosine": run.stored.metrics.get("gradient_cosine"),
        "nfev": run.stored.metrics["nfev"],
    }


if __name__ == "__main__":
    no_arguments()
    main("xor_study", work)
