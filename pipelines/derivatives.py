"""The notebook's four derivatives, estimated thousands of times, beside the exact ones."""

from __future__ import annotations

from pipelines.stage import Stage, digits, main, no_arguments, parameters

MEASURED = ("exact", "tensorflow", "mean", "bias", "std", "rmse", "nfev")


def work(stage: Stage) -> None:
    """Run the preset, and keep its table."""
    rows = []
    for run in stage.sweep(parameters(stage.root, stage.name)):
        setting = {
            "estimator": run.config.estimator.name,
            "dtype": run.config.dtype,
            "epsilon": run.config.epsilon,
            "num_steps": run.config.num_steps,
        }
        rows += [{**setting, **row} for row in run.stored.table("derivatives")]
    metrics: dict[str, dict[str, dict[str, float | None]]] = {}
    for row in rows:
        measured = {name: row[name] for name in MEASURED}
        measured["correct_digits"] = digits(row["rmse"] / abs(row["exact"]))
        metrics.setdefault(row["dtype"], {})[row["function"]] = measured
    stage.write(metrics, {"derivatives": rows})


if __name__ == "__main__":
    no_arguments()
    main("derivatives", work)
