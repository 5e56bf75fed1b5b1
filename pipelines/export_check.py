"""What a stranger does with an exported classifier: ``python -m pipelines.export_check digits``.

The model is loaded by MLflow alone, is given the raw test images, and has to predict what its
network predicted when it was trained.
"""

from __future__ import annotations

import numpy as np

from pipelines.data import load
from pipelines.stage import DATASETS, Stage, StageError, choice, main
from stochgrad.suite.report.results import GRADIENTS, Results
from stochgrad.suite.tasks.result import Row
from stochgrad.suite.tracking import load_model, read_run


def work(stage: Stage) -> None:
    """Check the first run of every kind of gradient."""
    dataset = stage.name.split("/")[1]
    data = load(stage, dataset)
    results = Results(stage.root)
    rows: list[Row] = []
    for gradient in GRADIENTS:
        record = results.record(f"classifiers/{dataset}-{gradient}")["runs"][0]
        stored = read_run(record["task"], record["run_id"])
        if not stored.models:
            raise StageError(
                f"run {stored.run_id} of {gradient} has no model: it needs export=true"
            )
        model = load_model(record["task"], stored.models[0])
        predicted = np.asarray(model.predict(data.test.inputs))
        expected = stored.predictions()["predicted"][0]
        agree = int((predicted == expected).sum())
        rows.append(
            {
                "gradient": gradient,
                "images": len(expected),
                "agree": agree,
                "test_accuracy": float((predicted == data.test.labels).mean()),
            }
        )
    wrong = [row for row in rows if row["agree"] < row["images"]]
    if wrong:
        first = wrong[0]
        raise StageError(
            f"the exported network of {first['gradient']} derivatives predicts "
            f"{first['images'] - first['agree']} of {first['images']} images otherwise than it did"
        )
    metrics = {row["gradient"]: {k: row[k] for k in ("agree", "test_accuracy")} for row in rows}
    stage.write(metrics, {"export_check": rows})


if __name__ == "__main__":
    main(f"export_check/{choice('data set', DATASETS)}", work)
