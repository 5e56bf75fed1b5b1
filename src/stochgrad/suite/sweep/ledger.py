"""What the store knows of a job: the runs that were the same, and how they ended."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal
from urllib.parse import unquote, urlparse

from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.sweep.identity import Identity, identify
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.plan import Job, Plan
from stochgrad.suite.tracking.away import patience_of
from stochgrad.suite.tracking.provenance import code_hash
from stochgrad.suite.tracking.quiet import MlflowClient, get_artifact_repository
from stochgrad.suite.tracking.reconcile import search
from stochgrad.suite.tracking.record import FAILED, FINISHED, as_text
from stochgrad.suite.tracking.store import Location, connect
from stochgrad.suite.tracking.tags import own_tags, tagged

State = Literal["new", "done", "failed", "stale", "lost"]
MOST_SIMILAR = 50
"""Runs from whose times the time of a job is estimated."""
FEW = 50
"""Jobs up to which each is asked for by itself (20 ms with 10,000 runs on record); for more, one
question returns the runs of the whole experiment (1.5 ms for each of them)."""


@dataclass(frozen=True)
class Standing:
    """Where a job stands before the sweep starts.

    Attributes:
        job: of the plan.
        identity: of its run.
        state: ``"done"``: the same run is FINISHED; ``"failed"``: the newest same run is FAILED;
            ``"stale"``: a run with these settings is FINISHED, of other code or data; ``"lost"``:
            the same run is FINISHED, and its files are gone.
        outcome: of a job that is done.
        seconds: that a run with these settings took from its start to its end, if there was one.
    """

    job: Job
    identity: Identity
    state: State
    outcome: Outcome | None = None
    seconds: float | None = None


LIKE = (
    "backend.name", "estimator.name", "gradient.name", "num_directions", "replicates",
    "model.hidden", "task.epochs", "task.steps",
)  # fmt: skip
"""Settings that runs share whose times are alike: of how much there is to compute, and on what."""


class Ledger:
    """The runs on record in a store, by experiment and settings."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._experiments: dict[str, str | None] = {}
        self._folders: dict[str, set[str]] = {}

    @property
    def client(self) -> MlflowClient:
        """Return a client of the store."""
        return connect(self._location)

    def runs(self, config: RunConfig, identity: Identity) -> list[Any]:
        """Return the runs of these settings, the newest first."""
        return list(self.search(config.task.name, tagged("config_hash", identity.config)))

    def finished(self, task: str, config_hash: str) -> bool:
        """Return whether any run of these settings is FINISHED, whatever its code and data."""
        runs = self.search(task, tagged("config_hash", config_hash))
        return any(run.info.status == FINISHED for run in runs)

    def all_runs(self, task: str, every: bool) -> dict[str, list[Any]]:
        """Return the runs of a task by the hash of their settings, the newest first.

        Args:
            task: name.
            every: whether those of other code are wanted.
        """
        text = "" if every else tagged("code_hash", code_hash())
        found = defaultdict(list)
        for run in self.search(task, text):
            found[own_tags(run).get("config_hash", "")].append(run)
        return found

    def standing(
        self, job: Job, identity: Identity, runs: Sequence[Any], rerun: bool = False
    ) -> Standing:
        """Find out where a job stands; one without a seed is never done, nor with ``rerun``.

        Args:
            job: of a plan.
            identity: of its run.
            runs: of these settings, the newest first.
            rerun: whether it is to be repeated.
        """
        if job.config.seed is None:
            return Standing(job, identity, "new")
        finished = [run for run in runs if run.info.status == FINISHED]
        seconds = duration(finished[0]) if finished else None
        same = [run for run in finished if identity.is_of(run)]
        done = next((run for run in same if self.has_files(run)), None)
        if done is not None and not rerun:
            return Standing(job, identity, "done", outcome_of(done, job), seconds)
        broken = [r for r in runs if own_tags(r).get("code_hash") == identity.code]
        if broken and broken[0].info.status == FAILED:
            return Standing(job, identity, "failed", seconds=seconds)
        state: State = "lost" if same and done is None else "new"
        state = "stale" if finished and not same else state
        return Standing(job, identity, state, seconds=seconds)

    def has_files(self, run: Any) -> bool:
        """Return whether the files of a run, which every run has, are still there."""
        address = urlparse(run.info.artifact_uri)
        if address.scheme in ("", "file"):
            return (Path(unquote(address.path)) / "config.json").is_file()
        # <root of the experiment>/<run id>/artifacts: the root is listed once.
        root = run.info.artifact_uri.rpartition(f"/{run.info.run_id}/")[0]
        if root not in self._folders:
            repository = get_artifact_repository(root, tracking_uri=self._location.tracking_uri)
            listed = patience_of(self.client).call(repository.list_artifacts, None)
            self._folders[root] = {Path(file.path).name for file in listed}
        return run.info.run_id in self._folders[root]

    def usual_seconds(self, config: RunConfig) -> float | None:
        """Return the median time of the newest finished runs that are like this one.

        Of the same task, and with the same settings among :data:`LIKE`; None if there are none.
        """
        text = " and ".join(f"params.`{key}` = '{value}'" for key, value in _kind(config))
        text += f" and attributes.status = '{FINISHED}'"
        experiment = self.experiment(config.task.name)
        if experiment is None:
            return None
        found = self.client.search_runs([experiment], text, max_results=MOST_SIMILAR)
        times = [duration(run) for run in found]
        return median(times) if times else None

    def search(self, task: str, text: str) -> Iterator[Any]:
        """Yield the runs of a task that a filter finds, the newest first."""
        experiment = self.experiment(task)
        return search(self.client, [experiment], text) if experiment is not None else iter(())

    def experiment(self, task: str) -> str | None:
        """Return the id of a task's experiment; None if there is none yet."""
        if self._location.database is not None and not self._location.database.exists():
            return None
        if self._experiments.get(task) is None:
            found = self.client.get_experiment_by_name(task)
            self._experiments[task] = None if found is None else found.experiment_id
        return self._experiments[task]


def survey(plan: Plan, location: Location) -> list[Standing]:
    """Find out where every job of a plan stands; their data have to be prepared."""
    ledger, rerun = Ledger(location), plan.settings.rerun
    jobs = list(zip(plan.jobs, identify(plan.jobs), strict=True))
    found: dict[str, dict[str, list[Any]]] = {}
    if len(jobs) > FEW:
        tasks = dict.fromkeys(job.config.task.name for job in plan.jobs)
        found = {task: ledger.all_runs(task, plan.settings.dry_run) for task in tasks}

    def runs(job: Job, identity: Identity) -> Sequence[Any]:
        if found:
            return found[job.config.task.name].get(identity.config, ())
        return ledger.runs(job.config, identity)

    return [ledger.standing(*both, runs(*both), rerun) for both in jobs]


def outcome_of(run: Any, job: Job) -> Outcome:
    """Return how a FINISHED run on record ended."""
    ended = json.loads(own_tags(run).get("result", "{}"))
    return Outcome(
        job=job,
        status=FINISHED,
        run_id=run.info.run_id,
        metrics=dict(run.data.metrics),
        headline=tuple(ended.get("headline", ())),
        seconds=ended.get("seconds"),
        counted=True,
    )


def duration(run: Any) -> float:
    """Return the seconds from the start of a run to its end, with figures and model."""
    return float(run.info.end_time - run.info.start_time) / 1000


def _kind(config: RunConfig) -> tuple[tuple[str, str], ...]:
    """Return the settings by which the time of a run is mostly told, those that it has."""
    flat = config.flat()
    return tuple((key, as_text(flat[key])) for key in LIKE if key in flat)


def estimate(standings: Sequence[Standing], ledger: Ledger, workers: int) -> float | None:
    """Estimate the seconds that the jobs that are not done will take; None if nothing is known.

    A job takes what a run of the same settings took, else what runs like it usually take.
    """
    usual: dict[object, float | None] = {}
    total = 0.0
    for standing in standings:
        if standing.state == "done":
            continue
        config, seconds = standing.job.config, standing.seconds
        kind = (config.task.name, _kind(config))
        if seconds is None:
            if kind not in usual:
                usual[kind] = ledger.usual_seconds(config)
            seconds = usual[kind]
        if seconds is None:
            return None
        total += seconds
    return total / workers
