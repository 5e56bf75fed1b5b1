"""What MLflow's UI shows of a run: its description, and its data set."""

from __future__ import annotations

import json

from stochgrad.suite.analysis.tables import markdown
from stochgrad.suite.config.reads import steps_read
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.tasks.result import Result, Row
from stochgrad.suite.tracking import quiet

DIGEST = 16
"""Characters of the hash that MLflow shows; the whole is in a tag."""


def describe_run(config: RunConfig, result: Result, detail: str) -> str:
    """Describe a run that has ended: its settings and headline figures.

    Args:
        config: of the run.
        result: what it returned.
        detail: what was verified, or went wrong.
    """
    finals = result.finals()
    rows: list[Row] = []
    for name in result.headline:
        if name in finals:
            row: Row = {"metric": name, "value": finals[name]}
            if f"{name}_std" in finals:
                row["std over replicates"] = finals[f"{name}_std"]
            rows.append(row)
    steps = [f"{key} = {value}" for key, value in steps_read(config).items()]
    about = ", ".join([f"**{config.task.name}**", config.method, *steps])
    about += f", {config.backend.name}, {config.dtype}, seed {config.seed}"
    if config.replicates > 1:
        about += f", {config.replicates} replicates"
    return "\n\n".join([f"{about}.", *([markdown(rows)] if rows else []), f"{detail}."])


def describe_dataset(data: Dataset, sha256: str) -> quiet.Dataset:
    """Return what MLflow records of a data set.

    Args:
        data: the data set.
        sha256: its hash.
    """
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    sizes = {split: len(found) for split, found in splits.items() if found is not None}
    tensors = {"features": data.train.inputs, "targets": data.train.labels}
    specs = {k: quiet.TensorSpec(v.dtype, (-1, *v.shape[1:])) for k, v in tensors.items()}
    schema = {"mlflow_tensorspec": {k: quiet.Schema([v]).to_json() for k, v in specs.items()}}
    source = {"tags": {"mlflow.source.name": f"stochgrad.suite.data: {data.name}"}}
    return quiet.Dataset(
        data.name, sha256[:DIGEST], "code", json.dumps(source), json.dumps(schema),
        json.dumps({"examples": sizes}),
    )  # fmt: skip
