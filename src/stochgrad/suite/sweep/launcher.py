"""Carry out the jobs of a sweep: side by side, each once, whatever dies on the way."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from stochgrad.random import fresh_seed
from stochgrad.suite import tracking
from stochgrad.suite.sweep import parent
from stochgrad.suite.sweep.identity import digest, identify
from stochgrad.suite.sweep.job import Assignment
from stochgrad.suite.sweep.ledger import Standing
from stochgrad.suite.sweep.outcome import Outcome, Status
from stochgrad.suite.sweep.plan import Job, Plan
from stochgrad.suite.sweep.pool import Ended, Pool
from stochgrad.suite.sweep.record import write_summary
from stochgrad.suite.sweep.workers import open_pool
from stochgrad.suite.tasks.result import Listener
from stochgrad.suite.tracking.process import beating
from stochgrad.suite.tracking.record import FAILED, FINISHED, KILLED
from stochgrad.suite.tracking.run import Run
from stochgrad.suite.tracking.sweeps import close_orphans

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
class Launched:
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
        """Of the parent run."""
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


def launch(
    plan: Plan,
    standings: Sequence[Standing],
    run: Run,
    observer: Observer,
    comparing: Listener = lambda told: None,
) -> Launched:
    """Run the jobs that are not done; one that fails is recorded as FAILED, and the others go on.

    Ctrl-C starts no more jobs; a second one, or SIGTERM, ends those that run as KILLED. What had
    ended stays on record, and the same sweep, started again, goes on from there.

    Args:
        plan: jobs, validated and prepared.
        standings: of the jobs, from :func:`stochgrad.suite.sweep.ledger.survey`.
        run: carries out one of them.
        observer: told how it goes.
        comparing: told how far the comparison of the runs is, at the end.

    Raises:
        ConfigError: if the store or the workers cannot be used; nothing was run.
    """
    location = tracking.locate()
    standings = _with_seeds(standings)
    todo = [standing for standing in standings if standing.outcome is None]
    with tracking.interruptible() as interrupts, ExitStack() as stack:
        tracking.reconcile(location)
        sweep_hash = _sweep_hash(plan, standings)
        mine = stack.enter_context(tracking.claim(location, f"sweep-{sweep_hash[:32]}"))
        task = plan.jobs[0].config.task.name
        found = tracking.find_sweep(task, sweep_hash, location) if mine else None
        if found is not None and found.status == FINISHED and not todo:
            return Launched(plan, found, [s.outcome for s in standings if s.outcome is not None])
        pools = stack.enter_context(ExitStack())
        pool = pools.enter_context(
            open_pool(plan.settings, max(1, len(todo)), run, observer.listener)
        )
        interrupts.hold()
        tags = {
            "swept": ", ".join(plan.swept),
            "arguments": " ".join(plan.arguments),
            "sweep_hash": sweep_hash,
        }
        if found is None:
            found = tracking.start_sweep(
                task, tags, location,
                title=parent.title(plan.jobs), params=parent.settings(plan.jobs),
            )  # fmt: skip
        else:
            tracking.reopen_sweep(found, tags)
        launched = Launched(plan, found)
        work = _Work(launched, pool, observer)
        try:
            with beating(found.record), tracking.patient(work.no_more):
                interrupts.release()
                work.do(standings)
        except (KeyboardInterrupt, tracking.Terminated) as error:
            interrupts.hold()
            launched.interrupt = error
            work.give_up("Ctrl-C" if isinstance(error, KeyboardInterrupt) else "SIGTERM")
        except BaseException as error:
            reason = f"{type(error).__name__}: {error}"
            _finish(launched, pools, comparing, (FAILED, reason, reason))
            raise
        interrupts.hold()
        try:
            _finish(launched, pools, comparing)
        except tracking.StoreAwayError:
            if launched.interrupt is None:
                raise
            raise launched.interrupt from None
    return launched


def _with_seeds(standings: Sequence[Standing]) -> list[Standing]:
    """Draw the seeds that were left to the operating system: a job keeps its own when retried."""
    drawn = []
    for standing in standings:
        if standing.job.config.seed is None:
            config = standing.job.config.model_copy(update={"seed": fresh_seed()})
            job = replace(standing.job, config=config)
            standing = replace(standing, job=job, identity=identify([job])[0])
        drawn.append(standing)
    return drawn


def _sweep_hash(plan: Plan, standings: Sequence[Standing]) -> str:
    """Return what a sweep has in common with one that it resumes; never the same for a rerun."""
    parts = [standing.identity.key for standing in standings]
    parts += [*plan.swept, str(fresh_seed())] if plan.settings.rerun else plan.swept
    return digest(parts)


def _finish(
    launched: Launched,
    pools: ExitStack,
    comparing: Listener,
    ended: tuple[str, str, str] | None = None,
) -> None:
    """End the workers, then what they left RUNNING, then the parent run.

    A Ctrl-C ends the comparison of the runs, which the same sweep, started again, makes anew.

    Args:
        launched: the sweep.
        pools: of its workers.
        comparing: told how far the comparison is.
        ended: status, detail and failure; by default those of the sweep.
    """
    sweep, plan = launched.sweep, launched.plan
    pools.close()
    close_orphans(sweep)
    launched.outcomes.sort(key=lambda outcome: outcome.job.number)
    with TemporaryDirectory(prefix="stochgrad-") as name:
        folder: Path | None = Path(name)
        try:
            with tracking.not_held():
                _copy_in(launched)
                write_summary(launched.outcomes, Path(name), comparing)
                sweep.record.log_points(parent.metrics(plan.jobs, launched.outcomes))
        except (KeyboardInterrupt, tracking.Terminated) as error:
            launched.interrupt, folder = launched.interrupt or error, None
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            tracking.finish_sweep(sweep, None, FAILED, reason, reason)
            raise
        status, detail, failure = ended or (launched.status, launched.detail, launched.failure)
        note = parent.describe(plan, launched.outcomes, detail, sweep.record.experiment_id)
        tracking.finish_sweep(sweep, folder, status, detail, failure, note)


def _copy_in(launched: Launched) -> None:
    """Put the runs that belong to other sweeps, or to other tasks, under the parent as copies."""
    task = launched.plan.jobs[0].config.task.name
    ended = [outcome for outcome in launched.outcomes if outcome.run_id]
    examples = {(o.job.config.task.name, str(o.job.config.data)): o.run_id for o in ended}
    tracking.share_datasets(launched.sweep, examples.values())
    tracking.copy_in(
        launched.sweep,
        [
            tracking.Counted(outcome.run_id, outcome.job.title or task, outcome.job.number)
            for outcome in ended
            if outcome.counted or outcome.job.config.task.name != task
        ],
    )


@dataclass
class _Work:
    """The jobs of a sweep on their way through a pool."""

    launched: Launched
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
        tags = {
            **sweep.tags,
            "job": str(standing.job.number),
        }
        if standing.identity.data is not None:
            tags["data_sha256"] = standing.identity.data
        return Assignment(
            standing.job, standing.identity, sweep.run_id, tags, sweep.location,
            self.launched.plan.settings.rerun, standing.asked,
        )  # fmt: skip

    def _submit(self) -> None:
        now = time.monotonic()
        ready = [one for one in self.waiting if one[0] <= now] if self.going else []
        for one in ready[: self.pool.room]:
            self.waiting.remove(one)
            self.pool.submit(one[1])

    def _take(self, ended: Ended) -> None:
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
