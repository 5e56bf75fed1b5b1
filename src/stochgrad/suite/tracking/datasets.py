"""A data set as MLflow's UI shows it: an input of a run, by name, hash and shape."""

from __future__ import annotations

import json

from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.tracking import quiet

DIGEST = 16
"""Characters of the hash that MLflow shows; the whole is in a tag."""


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
