"""A recorded run, read back: the record is what later programs and figures are made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import get_backend
from stochgrad.errors import ConfigError, shown
from stochgrad.suite import tasks
from stochgrad.suite.analysis.tables import read_csv
from stochgrad.suite.config.schema import RunConfig, validate
from stochgrad.suite.paths import without_password
from stochgrad.suite.tasks.result import Classification, Curve, Result, Row
from stochgrad.suite.tracking.conclude import record_figures
from stochgrad.suite.tracking.quiet import MlflowException, download_artifacts, pyfunc
from stochgrad.suite.tracking.reconcile import search
from stochgrad.suite.tracking.record import Record
from stochgrad.suite.tracking.store import Location, connect, explaining, locate, open_experiment
from stochgrad.suite.tracking.tags import PARENT, own_tags

NO_RUN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow says of an id that no run has, or that no run could have."""


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


def redraw(location: Location, run_id: str) -> Iterator[tuple[str, list[str]]]:
    """Draw the figures of a run, or of every run of a sweep, from what is on record.

    Args:
        location: of the store.
        run_id: of the run, or of the parent of a sweep.

    Yields:
        Id of each run, and the names of its figures, which are recorded as ``figures/*.png``.

    Raises:
        ConfigError: if the store cannot be used, or does not have the run.
    """
    client = connect(location)
    with explaining(location):
        try:
            asked = client.get_run(run_id)
        except MlflowException as error:
            if error.error_code not in NO_RUN:
                raise
            where = without_password(location.tracking_uri)
            raise ConfigError(
                f"figures {shown(run_id)}: no such run in {where}; name one by its id in MLflow"
            ) from error
    experiments = [asked.info.experiment_id]
    children = (
        []
        if "swept" not in own_tags(asked)
        else list(search(client, experiments, f"tags.`{PARENT}` = '{run_id}'"))
    )
    children.sort(key=lambda run: int(own_tags(run).get("job", 0)))
    for run in children or [asked]:
        origin = own_tags(run).get("copy_of", run.info.run_id)
        task = client.get_experiment(client.get_run(origin).info.experiment_id).name
        stored = read_run(task, origin)
        config = stored.config()
        assert config.seed is not None
        record = Record(client, stored.experiment_id, origin, stored.artifact_uri)
        yield origin, record_figures(record, config, stored.result(config, config.seed))
