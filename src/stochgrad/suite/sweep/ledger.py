"""What the store knows of a job: the runs that were the same, and how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.sweep.identity import Identity, identify
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.plan import Job, Plan
from stochgrad.suite.tracking.quiet import MlflowClient
from stochgrad.suite.tracking.reconcile import search
from stochgrad.suite.tracking.record import FAILED, FINISHED, as_text
from stochgrad.suite.tracking.store import Location, connect

State = Literal["new", "done", "failed", "stale"]
MOST_SIMILAR = 50
"""Runs from whose times the time of a job is estimated."""


@dataclass(frozen=True)
class Standing:
    """Where a job stands before the sweep starts.

    Attributes:
        job: of the plan.
        identity: of its run.
        state: ``"done"``: the same run is FINISHED; ``"failed"``: the newest same run is FAILED;
            ``"stale"``: a run with these settings is FINISHED, of other code or data.
        outcome: of a job that is done.
        seconds: that a run with these settings took from its start to its end, if there was one.
    """

    job: Job
    identity: Identity
    state: State
    outcome: Outcome | None = None
    seconds: float | None = None


LIKE = ("backend.name", "estimator.name", "replicates")
"""Settings that runs share whose times are alike."""


class Ledger:
    """The runs on record in a store, by experiment and settings."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._experiments: dict[str, str | None] = {}

    @property
    def client(self) -> MlflowClient:
        """Return a client of the store."""
        return connect(self._location)

    def runs(self, config: RunConfig, identity: Identity) -> list[Any]:
        """Return the runs of these settings, the newest first."""
        return self._search(config.task.name, f"tags.config_hash = '{identity.config}'")

    def standing(self, job: Job, identity: Identity, rerun: bool = False) -> Standing:
        """Find out where a job stands; one without a seed is never done, nor with ``rerun``."""
        if job.config.seed is None:
            return Standing(job, identity, "new")
        runs = self.runs(job.config, identity)
        finished = [run for run in runs if run.info.status == FINISHED]
        seconds = duration(finished[0]) if finished else None
        same = [run for run in runs if identity.is_of(run.data.tags)]
        done = next((run for run in same if run.info.status == FINISHED), None)
        if done is not None and not rerun:
            return Standing(job, identity, "done", outcome_of(done, job), seconds)
        broken = [r for r in runs if r.data.tags.get("code_hash") == identity.code]
        if broken and broken[0].info.status == FAILED:
            return Standing(job, identity, "failed", seconds=seconds)
        state: State = "stale" if finished and done is None else "new"
        return Standing(job, identity, state, seconds=seconds)

    def usual_seconds(self, config: RunConfig) -> float | None:
        """Return the median time of the newest finished runs that are like this one.

        Of the same task, backend, estimator and number of replicates; None if there are none.
        """
        text = " and ".join(f"params.`{key}` = '{value}'" for key, value in _kind(config))
        text += f" and attributes.status = '{FINISHED}'"
        times = [duration(run) for run in self._search(config.task.name, text, MOST_SIMILAR)]
        return median(times) if times else None

    def _search(self, task: str, text: str, most: int | None = None) -> list[Any]:
        experiment = self._experiment(task)
        if experiment is None:
            return []
        if most is not None:
            return list(self.client.search_runs([experiment], text, max_results=most))
        return list(search(self.client, [experiment], text))

    def _experiment(self, task: str) -> str | None:
        if self._location.database is not None and not self._location.database.exists():
            return None
        if self._experiments.get(task) is None:
            found = self.client.get_experiment_by_name(task)
            self._experiments[task] = None if found is None else found.experiment_id
        return self._experiments[task]


def survey(plan: Plan, location: Location) -> list[Standing]:
    """Find out where every job of a plan stands; their data have to be prepared."""
    ledger = Ledger(location)
    return [
        ledger.standing(job, identity, plan.settings.rerun)
        for job, identity in zip(plan.jobs, identify(plan.jobs), strict=True)
    ]


def outcome_of(run: Any, job: Job) -> Outcome:
    """Return how a FINISHED run on record ended."""
    tags = run.data.tags
    return Outcome(
        job=job,
        status=FINISHED,
        run_id=run.info.run_id,
        metrics=dict(run.data.metrics),
        headline=tuple(name for name in tags.get("headline", "").split(",") if name),
        seconds=float(tags["seconds"]) if "seconds" in tags else None,
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
