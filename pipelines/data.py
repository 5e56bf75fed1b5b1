"""One data set, prepared and described: ``python -m pipelines.data digits``."""

from __future__ import annotations

import numpy as np

from pipelines.stage import DATASETS, Stage, choice, main
from stochgrad.errors import ConfigError
from stochgrad.suite import tasks
from stochgrad.suite.config.compose import plan_run
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.data.digits import load_digits
from stochgrad.suite.data.images import load_images
from stochgrad.suite.tasks.result import Row

SAMPLES = 9
"""Images that a page shows."""


def work(stage: Stage) -> None:
    """Prepare the set; keep its hash, how often each label occurs, and its first images."""
    name = stage.name.split("/")[1]
    data = load(stage, name)
    splits = {"training": data.train, "validation": data.validation, "test": data.test}
    present = {key: split for key, split in splits.items() if split is not None}
    labels: list[Row] = []
    for key, split in present.items():
        counts = np.bincount(split.labels, minlength=data.classes)
        labels += [
            {"split": key, "label": i, "count": int(count)} for i, count in enumerate(counts)
        ]
    images = data.train.inputs[:SAMPLES].reshape(SAMPLES, -1)
    samples = [
        {"label": int(label), **{f"pixel_{i}": int(value) for i, value in enumerate(image)}}
        for label, image in zip(data.train.labels, images, strict=False)
    ]
    metrics = {"sha256": data.sha256(), **{key: len(split) for key, split in present.items()}}
    stage.write(metrics, {"labels": labels, "samples": samples})


def load(stage: Stage, name: str) -> Dataset:
    """Load a data set as the task of its name does."""
    if name == "digits":
        return load_digits()
    config = plan_run([f"task={name}"], stage.root / "conf")
    tasks.prepare(config)
    if config.data is None:
        raise ConfigError(f"task={name}: names no data set")
    return load_images(config.data.name, stage.root / "data", config.data.manual_dir)


if __name__ == "__main__":
    main(f"data/{choice('data set', DATASETS)}", work)
