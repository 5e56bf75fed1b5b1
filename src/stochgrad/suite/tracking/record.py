"""One MLflow run: what may be written to it, in MLflow's portions and sizes."""

from __future__ import annotations

import getpass
import json
import math
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

from stochgrad.suite.tasks.result import Curve
from stochgrad.suite.tracking.away import StoreAwayError, patience_of
from stochgrad.suite.tracking.interrupts import Stopped, Terminated
from stochgrad.suite.tracking.quiet import (
    Dataset,
    DatasetInput,
    InputTag,
    Metric,
    MlflowClient,
    MlflowException,
    Param,
    RunTag,
)
from stochgrad.suite.tracking.tags import NOTE, PARENT, prefixed

T = TypeVar("T")

METRICS_AT_ONCE = 1000
PARAMS_AT_ONCE = 100
LONGEST_VALUE = 5000
"""Characters in a parameter or a tag; MLflow would cut at 6,000 and 8,000 without a word."""

FINISHED: Final = "FINISHED"
FAILED: Final = "FAILED"
KILLED: Final = "KILLED"


@dataclass(frozen=True)
class Record:
    """A run in MLflow that has been started and not yet ended."""

    client: MlflowClient
    experiment_id: str
    run_id: str
    artifact_uri: str

    @classmethod
    def start(
        cls,
        client: MlflowClient,
        experiment_id: str,
        name: str,
        tags: Mapping[str, str],
        parent: str | None = None,
        start_time: int | None = None,
    ) -> Record:
        """Create the run; ``MLFLOW_RUN_ID`` and whatever run is active have no say in it."""
        own = {
            "mlflow.user": user(),
            "mlflow.source.name": "stochgrad",
            "mlflow.source.type": "LOCAL",
            **({} if parent is None else {PARENT: parent}),
            **prefixed(tags),
        }
        own = {key: shorten(value) for key, value in own.items()}
        run = client.create_run(experiment_id, start_time, own, name)
        return cls(client, experiment_id, run.info.run_id, run.info.artifact_uri)

    def at_once(self) -> Record:
        """Return the same record, whose calls do not wait for a store that is away."""
        return replace(self, client=patience_of(self.client).client)

    def log_params(self, values: Mapping[str, Any]) -> None:
        """Log settings, written as on the command line: ``null``, ``true``, ``1e-05``."""
        params = [Param(key, shorten(as_text(value))) for key, value in values.items()]
        for portion in portions(params, PARAMS_AT_ONCE):
            self.client.log_batch(self.run_id, params=portion)

    def log_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags."""
        self.client.log_batch(self.run_id, tags=_run_tags(tags))

    def log_curves(
        self, curves: Mapping[str, Curve], tags: Mapping[str, str] | None = None
    ) -> None:
        """Log the mean over replicates of each curve, at its steps or epochs; and set tags."""
        own = _run_tags(tags or {})
        now = milliseconds()
        metrics = (
            Metric(name, float(value), now, int(at))
            for name, curve in curves.items()
            for at, value in zip(curve.at, curve.values.mean(axis=1), strict=True)
        )
        for portion in portions(metrics, METRICS_AT_ONCE):
            self.client.log_batch(self.run_id, metrics=portion, tags=own)
            own = []
        if own:
            self.client.log_batch(self.run_id, tags=own)

    def log_metrics(
        self,
        metrics: Mapping[str, float],
        step: int = 0,
        model_id: str | None = None,
        dataset: Dataset | None = None,
    ) -> None:
        """Log final values, NaN included; MLflow's database keeps ±infinity as ±1.8e308.

        Args:
            metrics: by name.
            step: the last step of the curves, so that these become the latest values.
            model_id: a model that the values describe.
            dataset: that they were measured on.
        """
        # Of two values with the same step, MLflow takes the one with the later time as the latest.
        now = milliseconds() + 1
        own = [
            Metric(
                name,
                float(value),
                now,
                step,
                model_id=model_id,
                run_id=self.run_id,
                dataset_name=None if dataset is None else dataset.name,
                dataset_digest=None if dataset is None else dataset.digest,
            )
            for name, value in metrics.items()
        ]
        self.log_points(own)

    def log_points(self, metrics: Iterable[Metric]) -> None:
        """Log metrics that have their steps and times."""
        for portion in portions(metrics, METRICS_AT_ONCE):
            self.client.log_batch(self.run_id, metrics=portion)

    def log_dataset(self, dataset: Dataset) -> None:
        """Log a data set as the run's input."""
        context = [InputTag("mlflow.data.context", "training")]
        self.log_inputs([DatasetInput(dataset, context)])

    def log_inputs(self, inputs: list[DatasetInput]) -> None:
        """Log data sets as inputs; those that are logged already stay.

        MLflow looks whether a data set is on record, then enters it: where two runs do so at once,
        the store refuses the later one, which finds it there the second time.
        """
        try:
            self.client.log_inputs(self.run_id, inputs)
        except MlflowException:
            self.client.log_inputs(self.run_id, inputs)

    @contextmanager
    def files(self) -> Iterator[Path]:
        """Give a folder to write to; log what is in it in the end."""
        with TemporaryDirectory(prefix="stochgrad-") as folder:
            yield Path(folder)
            self.log_files(Path(folder))

    def log_files(self, folder: Path) -> None:
        """Log everything in a folder, keeping its structure."""
        self.client.log_artifacts(self.run_id, str(folder))

    def supersede(self, run_id: str) -> None:
        """Close a run that was broken off, and that this one goes on from."""
        try:
            (tag,) = _run_tags({"resumed_by": self.run_id})
            self.client.set_tag(run_id, tag.key, tag.value)
            if self.client.get_run(run_id).info.status == "RUNNING":
                self.client.set_terminated(run_id, KILLED)
        except MlflowException:  # recorded elsewhere, or deleted meanwhile
            self.log_tags({"resumed_from_missing": run_id})

    def end(
        self, status: str, detail: str, failure: str | None = None, note: str | None = None
    ) -> None:
        """End the run.

        Args:
            status: FINISHED, FAILED or KILLED.
            detail: what was verified, or what happened, in one line.
            failure: the reason, unless it is FINISHED.
            note: description in Markdown.
        """
        tags = {"status_detail": detail, **({} if failure is None else {"failure": failure})}
        if note is not None:
            tags[NOTE] = note
        try:
            self.log_tags(tags)
        finally:
            self.client.set_terminated(self.run_id, status)

    def end_with(self, error: BaseException) -> None:
        """End the run that an exception broke off, and keep the exception's trace.

        The exception is about to be raised again: trouble in recording it is noted on it.
        """
        killed = isinstance(error, KeyboardInterrupt | Terminated | Stopped)
        reason = "Ctrl-C" if isinstance(error, KeyboardInterrupt) else str(error)
        if not killed:
            reason = f"{type(error).__name__}: {reason}"
        try:
            if not killed:
                trace = "".join(traceback.format_exception(error))
                self.client.log_text(self.run_id, trace, "traceback.txt")
        except StoreAwayError:
            return  # the run is closed when it is back
        except Exception as trouble:
            error.add_note(f"MLflow run {self.run_id}: the trace was not recorded ({trouble})")
        try:
            self.end(KILLED if killed else FAILED, reason, reason)
        except StoreAwayError:
            return
        except Exception as trouble:
            error.add_note(f"MLflow run {self.run_id} could not be closed ({trouble})")


def portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Split into lists of at most ``size``.

    >>> list(portions(range(5), 2))
    [[0, 1], [2, 3], [4]]
    """
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion


def shorten(text: str) -> str:
    """Cut a long value, and say so in it.

    >>> shorten("short")
    'short'
    """
    if len(text) <= LONGEST_VALUE:
        return text
    return f"{text[:LONGEST_VALUE]}… ({len(text)} characters; the whole is in config.json)"


def as_text(value: Any) -> str:
    """Write a setting as the command line takes it.

    >>> [as_text(v) for v in (1e-5, None, True, [16, 32], "tanh")]
    ['1e-05', 'null', 'true', '[16, 32]', 'tanh']
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _run_tags(tags: Mapping[str, str]) -> list[RunTag]:
    return [RunTag(key, shorten(value)) for key, value in prefixed(tags).items()]


def milliseconds() -> int:
    """Return the time, as MLflow counts it."""
    return math.floor(time.time() * 1000)


def user() -> str:
    """Return the name of who runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return "unknown"
