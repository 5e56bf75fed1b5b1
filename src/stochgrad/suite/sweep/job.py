"""One job of a sweep, carried out: the same function in this process and on any worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stochgrad.suite import tracking
from stochgrad.suite.sweep.identity import Identity, digest
from stochgrad.suite.sweep.ledger import Ledger, outcome_of
from stochgrad.suite.sweep.outcome import Outcome, one_line
from stochgrad.suite.sweep.plan import Job
from stochgrad.suite.tasks.result import Listener, Progress
from stochgrad.suite.tracking.process import is_here, is_silent, process_of
from stochgrad.suite.tracking.reconcile import close_if_gone
from stochgrad.suite.tracking.record import FAILED, FINISHED
from stochgrad.suite.tracking.run import Run
from stochgrad.suite.tracking.store import Location
from stochgrad.suite.tracking.tags import own_tags

LOOK = 0.5
"""Seconds between two looks at what else has happened."""
GRACE = 3.0
"""Seconds in which running jobs may end by themselves when they have to."""
THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
)  # fmt: skip
"""Variables from which numerical libraries take their number of threads, when they are imported."""

_stopped: set[str] = set()
"""Sweeps whose runs in this process have to end."""


@dataclass(frozen=True)
class Assignment:
    """A job, and all that its worker has to know.

    Attributes:
        job: what to run; its seed is set.
        identity: when it is done.
        parent: id of the sweep's MLflow run.
        tags: of the run; ``sweep`` names the sweep.
        location: where to record.
        rerun: whether runs of other sweeps do not count.
        listener: told how far the run is, wherever it takes place.
    """

    job: Job
    identity: Identity
    parent: str
    tags: Mapping[str, str]
    location: Location
    rerun: bool = False
    listener: Listener | None = None

    @property
    def sweep(self) -> str:
        """Return the name of the sweep."""
        return self.tags["sweep"]


@dataclass(frozen=True)
class JobResult:
    """A job that is in nobody's hands any more.

    Attributes:
        assignment: which one.
        outcome: how it ended; None if it did not, since another process is at the same run, or
        lost: since its worker died, and how.
    """

    assignment: Assignment
    outcome: Outcome | None = None
    lost: str = ""


def carry_out(assignment: Assignment, run: Run, listener: Listener | None = None) -> Outcome | None:
    """Do a job once, however often and from wherever it is asked for.

    Under a claim on the job's identity: a run on record that is FINISHED is the outcome, one whose
    process died is closed, and only then a new one starts.

    Args:
        assignment: what to do.
        run: carries out a run.
        listener: told how far it is.

    Returns:
        How it ended; None if another process is at the same run, so that it has to wait.
    """
    job, identity, location = assignment.job, assignment.identity, assignment.location
    scope = assignment.sweep if assignment.rerun else ""
    with tracking.claim(location, digest([identity.key, scope])[:32]) as claimed:
        if not claimed:
            return None
        ledger = Ledger(location)
        runs = ledger.runs(job.config, identity)
        same = [run for run in runs if _counts(run, assignment)]
        for found in same:
            done = found.info.status == FINISHED and identity.is_of(found)
            if done and ledger.has_files(found):
                return outcome_of(found, job)
        for found in same:
            close_if_gone(ledger.client, found)
        if any(_is_elsewhere(found) for found in same):
            return None
        return _run(assignment, run, listener)


def stop(sweep: str) -> None:
    """Let the runs of a sweep in this process end as KILLED when they next report."""
    _stopped.add(sweep)


def _counts(run: Any, assignment: Assignment) -> bool:
    tags = own_tags(run)
    same_code = tags.get("code_hash") == assignment.identity.code
    return same_code and (not assignment.rerun or tags.get("sweep") == assignment.sweep)


def _is_elsewhere(run: Any) -> bool:
    """Return whether a sweep on another machine, which no claim binds, seems to be at this run."""
    running = run.info.status == "RUNNING" and "sweep" in own_tags(run)
    process = process_of(run)
    return running and not is_here(process) and not is_silent(process)


def _run(assignment: Assignment, run: Run, listener: Listener | None) -> Outcome:
    def listen(told: Progress) -> None:
        if assignment.sweep in _stopped:
            raise tracking.Stopped("the sweep was stopped")
        for one in (assignment.listener, listener):
            if one is not None:
                one(told)

    job = assignment.job
    try:
        tracked = tracking.track(
            job.config, run, listener=listen, parent=assignment.parent, tags=assignment.tags,
            location=assignment.location, name=job.title or None,
        )  # fmt: skip
    except tracking.Stopped as stopped:
        return Outcome(job, "KILLED", reason=str(stopped))
    except Exception as error:  # its trace is on record
        return Outcome(job, FAILED, reason=one_line(f"{type(error).__name__}: {error}"))
    result = tracked.result
    return Outcome(
        job=job,
        status=FINISHED if result.failure is None else FAILED,
        run_id=tracked.run_id,
        reason=one_line(result.failure or ""),
        metrics=result.finals(),
        headline=result.headline,
        seconds=result.seconds,
    )
