"""The jobs of a sweep on their way through a pool."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from stochgrad.suite import tracking
from stochgrad.suite.sweep.job import Assignment
from stochgrad.suite.sweep.ledger import Standing
from stochgrad.suite.sweep.outcome import Outcome, Status
from stochgrad.suite.sweep.plan import Job, Plan
from stochgrad.suite.sweep.pool import JobResult, Pool
from stochgrad.suite.tasks.result import Listener
from stochgrad.suite.tracking.record import FAILED, FINISHED, KILLED

PATIENCE = 1.0
"""Seconds before a run that another process is at is looked at again."""


class Observer(Protocol):
    """Is told how a sweep goes."""

    def listener(self, job: Job) -> Listener:
        """Return who is told how far a job in this process is."""

    def ended(self, outcome: Outcome) -> None:
        """Take note that a job has ended, or was done before."""

    def said(self, text: str) -> None:
        """Take note of something that happened, in one line."""


@dataclass
class SweepResult:
    """A sweep that has ended.

    Attributes:
        plan: what was to be done.
        sweep: the parent run.
        outcomes: of the jobs that were done before or began, in their order.
        interrupt: Ctrl-C or SIGTERM, if one of them ended it.
    """

    plan: Plan
    sweep: tracking.Sweep
    outcomes: list[Outcome] = field(default_factory=list)
    interrupt: BaseException | None = None

    @property
    def failed(self) -> list[Outcome]:
        """Jobs that began and did not finish."""
        return [outcome for outcome in self.outcomes if not outcome.finished]

    @property
    def status(self) -> Status:
        """Status of the parent run."""
        if self.interrupt is not None:
            return KILLED
        return FAILED if self.failed else FINISHED

    @property
    def counted(self) -> int:
        """Jobs that were done before."""
        return sum(outcome.counted for outcome in self.outcomes)

    @property
    def failure(self) -> str | None:
        """Why the parent run is not FINISHED, or None."""
        complaints = "; ".join(outcome.complaint() for outcome in self.failed)
        return complaints or (None if self.interrupt is None else self.detail)

    @property
    def detail(self) -> str:
        """How far it came, in one line."""
        done = len(self.outcomes) - len(self.failed)
        before = f", {self.counted} of them before" if self.counted else ""
        return f"{done} of {len(self.plan.jobs)} runs finished{before}"


@dataclass
class Work:
    """The jobs of a sweep on their way through a pool."""

    launched: SweepResult
    pool: Pool
    observer: Observer
    waiting: list[tuple[float, Assignment]] = field(default_factory=list)
    deaths: Counter[int] = field(default_factory=Counter)
    going: bool = True

    def do(self, standings: Sequence[Standing]) -> None:
        """Carry out the jobs that are not done."""
        for standing in standings:
            if standing.outcome is not None:
                self._note(standing.outcome)
            else:
                self.waiting.append((0.0, self._assign(standing)))
        while self.pool.running or (self.waiting and self.going):
            self._submit()
            if not self.pool.running:
                time.sleep(PATIENCE)
                continue
            ended = self.pool.wait()
            if ended is not None:
                self._take(ended)

    def no_more(self) -> None:
        """Start no more jobs, since somebody pressed Ctrl-C."""
        self.going = False
        self.launched.interrupt = KeyboardInterrupt()
        running = len(self.pool.running)
        self.observer.said(
            f"no more runs are started; waiting for {running} to finish (Ctrl-C again stops them)"
        )

    def give_up(self, reason: str) -> None:
        """End the jobs that are running."""
        stopped = [(ended.assignment.job, ended.outcome) for ended in self.pool.stop()]
        stopped += [(assignment.job, None) for assignment in self.pool.running]
        for job, outcome in stopped:
            if outcome is None or outcome.status == KILLED:
                outcome = Outcome(job, KILLED, reason=reason)
            self._note(outcome)

    def _assign(self, standing: Standing) -> Assignment:
        sweep = self.launched.sweep
        tags = {**sweep.tags, "job": str(standing.job.number)}
        if standing.identity.data is not None:
            tags["data_sha256"] = standing.identity.data
        return Assignment(
            standing.job, standing.identity, sweep.run_id, tags, sweep.location,
            self.launched.plan.settings.rerun, standing.asked,
        )  # fmt: skip

    def _submit(self) -> None:
        now = time.monotonic()
        ready = [one for one in self.waiting if one[0] <= now] if self.going else []
        for one in ready[: self.pool.free_slots]:
            self.waiting.remove(one)
            self.pool.submit(one[1])

    def _take(self, ended: JobResult) -> None:
        job = ended.assignment.job
        if ended.outcome is not None:
            self._note(ended.outcome)
        elif not ended.lost:  # another sweep is at the same run
            self.waiting.append((time.monotonic() + PATIENCE, ended.assignment))
        else:
            self.deaths[job.number] += 1
            deaths, retries = self.deaths[job.number], self.launched.plan.settings.retries
            if deaths <= retries:
                self.waiting.insert(0, (0.0, ended.assignment))
                self.observer.said(
                    f"job {job.number}: {ended.lost}; it starts again ({deaths} of {retries})"
                )
            else:
                times = "" if deaths == 1 else f", {deaths} times"
                self._note(Outcome(job, FAILED, reason=f"{ended.lost}{times}"))

    def _note(self, outcome: Outcome) -> None:
        self.launched.outcomes.append(outcome)
        self.observer.ended(outcome)
        if outcome.status == FAILED and self.launched.plan.settings.on_failure == "stop":
            self.going = False
