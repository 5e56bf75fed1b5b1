"""A recorded run, read back: the record is what later programs work on, whoever made the run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import get_backend
from stochgrad.suite import tasks
from stochgrad.suite.analysis.tables import read_csv
from stochgrad.suite.config.schema import RunConfig, validate
from stochgrad.suite.tasks.result import Classification, Curve, Result, Row
from stochgrad.suite.tracking.quiet import download_artifacts, pyfunc
from stochgrad.suite.tracking.store import explaining, locate, open_experiment
from stochgrad.suite.tracking.tags import own_tags


@dataclass(frozen=True)
class StoredRun:
    """A run as MLflow has it.

    Attributes:
        run_id: in MLflow.
        experiment_id: of the task.
        status: ``"FINISHED"``, …
        metrics: latest values by name.
        tags: of this project, without their prefix.
        models: ids of the models that it logged.
        artifact_uri: where its files are.
        folder: its files, on this machine.
    """

    run_id: str
    experiment_id: str
    status: str
    metrics: dict[str, float]
    tags: dict[str, str]
    models: tuple[str, ...]
    artifact_uri: str
    folder: Path

    @property
    def seconds(self) -> float:
        """Return the time of its numerical work."""
        return float(json.loads(self.tags["result"])["seconds"])

    def table(self, name: str) -> list[Row]:
        """Return the rows of a table.

        Raises:
            FileNotFoundError: if the run has none of that name.
        """
        return read_csv(self.folder / "tables" / f"{name}.csv")

    def curves(self) -> dict[str, Curve]:
        """Return every curve with all replicates."""
        arrays = self._arrays("curves")
        unit = str(arrays.pop("unit", ""))
        names = dict.fromkeys(key.rpartition(".")[0] for key in arrays)
        return {n: Curve(arrays[f"{n}.at"], arrays[f"{n}.values"], unit) for n in names}

    def predictions(self) -> dict[str, NDArray[Any]]:
        """Return ``predicted`` ``(R, n)`` and ``true`` ``(n,)``, or ``outputs`` of XOR."""
        return self._arrays("predictions")

    def result(self, config: RunConfig, seed: int) -> Result:
        """Return what the run returned, as far as figures need it."""
        tables = [file.stem for file in (self.folder / "tables").glob("*.csv")]
        predictions = self.predictions()
        judged = "predicted" in predictions
        return Result(
            seed,
            metrics=self.metrics,
            curves=self.curves(),
            tables={name: self.table(name) for name in tables},
            dataset=tasks.load(config),
            outputs=predictions.get("outputs"),
            classification=Classification(**predictions) if judged else None,
            arrays=self._arrays("results"),
            failure=self.tags.get("failure"),
        )

    def config(self) -> RunConfig:
        """Return the settings of the run."""
        return validate(json.loads((self.folder / "config.json").read_text(encoding="utf-8")))

    def _arrays(self, name: str) -> dict[str, NDArray[Any]]:
        if not (self.folder / "arrays" / f"{name}.npz").exists():
            return {}
        with np.load(self.folder / "arrays" / f"{name}.npz", allow_pickle=False) as file:
            return dict(file)


def read_run(task: str, run_id: str) -> StoredRun:
    """Read a run of a task.

    Raises:
        ConfigError: if the store cannot be used, or does not have the run.
    """
    location = locate()
    client, _ = open_experiment(location, task)
    with explaining(location):
        run = client.get_run(run_id)
        folder = download_artifacts(run.info.artifact_uri, tracking_uri=location.tracking_uri)
    outputs = run.outputs.model_outputs if run.outputs is not None else []
    return StoredRun(
        run_id=run_id,
        experiment_id=run.info.experiment_id,
        status=run.info.status,
        metrics=dict(run.data.metrics),
        tags=own_tags(run),
        models=tuple(output.model_id for output in outputs),
        artifact_uri=run.info.artifact_uri,
        folder=Path(folder),
    )


def load_model(task: str, model_id: str) -> Any:
    """Load a model that a run of a task logged, as ``mlflow.pyfunc`` gives it to anyone."""
    get_backend("tensorflow")  # imports TensorFlow without its chatter
    location = locate()
    client, _ = open_experiment(location, task)
    with explaining(location):
        stored = client.get_logged_model(model_id).artifact_location
        folder = download_artifacts(stored, tracking_uri=location.tracking_uri)
    return pyfunc.load_model(folder)
