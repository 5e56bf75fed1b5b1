"""The jobs of a sweep on their way through a pool."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from stochgrad.suite import tracking
from stochgrad.suite.sweep.job import Assignment, JobResult
from stochgrad.suite.sweep.ledger import Standing
from stochgrad.suite.sweep.outcome import Outcome, Status
from stochgrad.suite.sweep.plan import Job, Plan
from stochgrad.suite.sweep.pool import Pool
from stochgrad.suite.tasks.result import Listener
from stochgrad.suite.tracking.process import beating
from stochgrad.suite.tracking.record import FAILED, FINISHED, KILLED

PATIENCE = 1.0
"""Seconds before it is looked again what other processes are at."""


class Observer(Protocol):
    """Is told how a sweep goes."""

    def listener(self, job: Job) -> Listener:
        """Return who is told how far a job in this process is."""

    def ended(self, outcome: Outcome) -> None:
        """Take note that a job has ended, or was done before."""

    def said(self, text: str) -> None:
        """Take note of something that happened, in one line."""


@dataclass
class Ended:
    """A sweep or a search that has ended.

    Attributes:
        sweep: the parent run.
        outcomes: of the jobs that began.
        interrupt: Ctrl-C or SIGTERM, if one of them ended it.
    """

    sweep: tracking.Sweep
    outcomes: list[Outcome] = field(default_factory=list)
    interrupt: BaseException | None = None


@dataclass(kw_only=True)
class SweepResult(Ended):
    """A sweep that has ended: its outcomes, in their order, with those of jobs done before.

    Attributes:
        plan: what was to be done.
    """

    plan: Plan

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


@dataclass(kw_only=True)
class Queue(ABC):
    """Assignments on their way through a pool.

    Attributes:
        ended: what comes of them.
        pool: carries them out.
        waiting: those that may start from some time on: at first, or again.
        going: whether more are started.
    """

    ended: Ended
    pool: Pool
    waiting: list[tuple[float, Assignment]] = field(default_factory=list)
    going: bool = True

    def run(self, interrupts: tracking.Interrupts) -> BaseException | None:
        """Do all that there is to do; return the signal that ended it before, if one did.

        Afterwards signals are held back.
        """
        try:
            with beating(self.ended.sweep.record), tracking.patient(self._no_more):
                interrupts.release()
                self._do()
            return None
        except (KeyboardInterrupt, tracking.Terminated) as error:
            self.ended.interrupt = error
            return error
        finally:
            interrupts.hold()

    def _no_more(self) -> None:
        """Start no more, since somebody pressed Ctrl-C."""
        self.going = False
        self.ended.interrupt = KeyboardInterrupt()
        self.say_no_more(len(self.pool.running))

    def _do(self) -> None:
        while True:
            while self.going and self.pool.free_slots > 0 and self._submit():
                pass
            if self.pool.running:
                result = self.pool.wait()
                if result is not None:
                    self._receive(result)
            elif not self.going or self.is_done():
                return
            else:
                time.sleep(PATIENCE)  # other processes are at the rest

    def _submit(self) -> bool:
        """Start what has waited long enough, or something new; return whether there was any."""
        for start, assignment in self.waiting:
            if start <= time.monotonic():
                self.waiting.remove((start, assignment))
                self.pool.submit(assignment)
                return True
        return self.start_new()

    def _receive(self, result: JobResult) -> None:
        if result.outcome is None and not result.lost:  # another process is at the same run
            self.waiting.append((time.monotonic() + PATIENCE, result.assignment))
        else:
            self.take(result)

    @abstractmethod
    def is_done(self) -> bool:
        """Return whether nothing is left, now that nothing could be started."""

    @abstractmethod
    def take(self, result: JobResult) -> None:
        """Take note of a job that ended, or whose worker died."""

    @abstractmethod
    def give_up(self, interrupt: BaseException) -> None:
        """End what is running."""

    @abstractmethod
    def say_no_more(self, running: int) -> None:
        """Say that no more are started, and how many are running."""

    def start_new(self) -> bool:
        """Start something that did not wait, if there is any; return whether there was."""
        return False


@dataclass(kw_only=True)
class Work(Queue):
    """The jobs of a sweep on their way through a pool."""

    ended: SweepResult
    observer: Observer
    deaths: Counter[int] = field(default_factory=Counter)

    def add(self, standings: Sequence[Standing]) -> None:
        """Take the jobs that are not done into the queue, and note the others."""
        for standing in standings:
            if standing.outcome is not None:
                self._note(standing.outcome)
            else:
                self.waiting.append((0.0, self._assign(standing)))

    def is_done(self) -> bool:
        return not self.waiting

    def say_no_more(self, running: int) -> None:
        self.observer.said(
            f"no more runs are started; waiting for {running} to finish (Ctrl-C again stops them)"
        )

    def give_up(self, interrupt: BaseException) -> None:
        stopped = [(result.assignment.job, result.outcome) for result in self.pool.stop()]
        stopped += [(assignment.job, None) for assignment in self.pool.running]
        for job, outcome in stopped:
            if outcome is None or outcome.status == KILLED:
                outcome = Outcome(job, KILLED, reason=str(interrupt) or "Ctrl-C")
            self._note(outcome)

    def _assign(self, standing: Standing) -> Assignment:
        sweep = self.ended.sweep
        tags = {**sweep.tags, "job": str(standing.job.number)}
        if standing.identity.data is not None:
            tags["data_sha256"] = standing.identity.data
        return Assignment(
            standing.job, standing.identity, sweep.run_id, tags, sweep.location,
            self.ended.plan.settings.rerun,
        )  # fmt: skip

    def take(self, result: JobResult) -> None:
        job = result.assignment.job
        if result.outcome is not None:
            self._note(result.outcome)
            return
        self.deaths[job.number] += 1
        deaths, retries = self.deaths[job.number], self.ended.plan.settings.retries
        if deaths <= retries:
            self.waiting.insert(0, (0.0, result.assignment))
            self.observer.said(
                f"job {job.number}: {result.lost}; it starts again ({deaths} of {retries})"
            )
        else:
            times = "" if deaths == 1 else f", {deaths} times"
            self._note(Outcome(job, FAILED, reason=f"{result.lost}{times}"))

    def _note(self, outcome: Outcome) -> None:
        self.ended.outcomes.append(outcome)
        self.observer.ended(outcome)
        if outcome.status == FAILED and self.ended.plan.settings.on_failure == "stop":
            self.going = False
