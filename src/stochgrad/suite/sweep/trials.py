"""The trials of a search on their way through a pool, shared with other processes."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import Trial, TrialState

from stochgrad.errors import ConfigError
from stochgrad.random import fresh_seed
from stochgrad.suite import tracking
from stochgrad.suite.sweep.identity import digest, identify
from stochgrad.suite.sweep.job import Assignment
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.plan import Job
from stochgrad.suite.sweep.pool import JobResult, Pool
from stochgrad.suite.sweep.space import as_arguments
from stochgrad.suite.sweep.study import (
    ENDED,
    PROCESS,
    REASON,
    RUN,
    Compose,
    Found,
    Observer,
    Search,
    close_lost,
    lose,
)
from stochgrad.suite.tasks.result import Progress
from stochgrad.suite.tracking.process import identity
from stochgrad.suite.tracking.record import FAILED, KILLED

PRUNED = "pruned"
PATIENCE = 1.0
"""Seconds before it is looked again what other processes are at."""


@dataclass(frozen=True)
class Pruning:
    """A listener that reports to a trial, in whatever process its run takes place.

    Attributes:
        study: of Optuna's; it is pickled with the address of its storage.
        trial_id: in the storage.
        metric: that is reported.
    """

    study: optuna.Study
    trial_id: int
    metric: str

    def __call__(self, told: Progress) -> None:
        """Report, and end a run that promises little."""
        value = told.metrics.get(self.metric, math.nan)
        if math.isfinite(value):
            trial = Trial(self.study, self.trial_id)
            trial.report(value, told.done)
            if trial.should_prune():
                raise tracking.Stopped(f"{PRUNED} at {told.unit} {told.done}")


@dataclass
class Trials:
    """The trials of one command."""

    search: Search
    found: Found
    compose: Compose
    pool: Pool
    observer: Observer
    mine: bool
    trials: dict[int, Trial] = field(default_factory=dict)
    waiting: list[tuple[float, Assignment]] = field(default_factory=list)
    deaths: int = 0
    going: bool = True

    def no_more(self) -> None:
        """Start no more trials, since somebody pressed Ctrl-C."""
        self.going = False
        self.found.interrupt = KeyboardInterrupt()
        what = "this one" if len(self.trials) == 1 else f"{len(self.trials)}"
        self.observer.said(f"no more trials are started; waiting for {what} (Ctrl-C again stops)")

    def do(self) -> None:
        """Run trials until there are enough, those of other processes included."""
        while True:
            while self.going and self.pool.free_slots > 0 and self._submit():
                pass
            if self.pool.running:
                ended = self.pool.wait()
                if ended is not None:
                    self._take(ended)
            elif not self.going or self._enough():
                return
            else:
                time.sleep(PATIENCE)  # other processes are at the rest

    def give_up(self) -> None:
        """End the trials that are running; they do not count."""
        for ended in self.pool.stop():
            self._take(ended)
        for trial in self.trials.values():
            lose(self.found.study, trial.number, trial._trial_id)

    def _enough(self) -> bool:
        close_lost(self.found.study, self.mine)
        return not self.waiting and self.found.count(*ENDED) >= self.search.settings.trials

    def _submit(self) -> bool:
        """Start a trial, or one that waited for a run of another process; return whether any."""
        now = time.monotonic()
        for one in self.waiting:
            if one[0] <= now:
                self.waiting.remove(one)
                self.pool.submit(one[1])
                return True
        trial = self._ask()
        if trial is None:
            return False
        try:
            job = self.compose(as_arguments(trial.params))
        except ConfigError as error:
            trial.set_user_attr(REASON, str(error))
            self._tell(trial, TrialState.FAIL)
            return True
        config = job.config
        if config.seed is None:
            config = config.model_copy(update={"seed": fresh_seed()})
        self.trials[trial.number + 1] = trial
        self.pool.submit(self._assign(Job(trial.number + 1, job.swept, config), trial))
        return True

    def _ask(self) -> Trial | None:
        """Take a trial of those that are left; None if other processes are at the last ones."""
        study, location = self.found.study, self.found.sweep.location
        with tracking.turn(location, f"ask-{digest([study.study_name])[:32]}"):
            taken = self.found.count(*ENDED, TrialState.RUNNING)
            if taken >= self.search.settings.trials:
                return None
            trial = study.ask(self.search.space)
            trial.set_user_attr(PROCESS, json.dumps(identity()))
            return trial

    def _assign(self, job: Job, trial: Trial) -> Assignment:
        sweep, study = self.found.sweep, self.found.study
        tags = {**sweep.tags, "job": str(job.number), "study": study.study_name}
        pruning = Pruning(study, trial._trial_id, self.search.metric)
        (known,) = identify([job])
        return Assignment(job, known, sweep.run_id, tags, sweep.location, listener=pruning)

    def _take(self, ended: JobResult) -> None:
        number = ended.assignment.job.number
        if ended.outcome is None and not ended.lost:  # another process is at the same run
            self.waiting.append((time.monotonic() + PATIENCE, ended.assignment))
            return
        trial, outcome = self.trials.pop(number), ended.outcome
        if outcome is None:
            self.deaths += 1
            if self.deaths <= self.search.sweep.retries:
                lose(self.found.study, trial.number, trial._trial_id)
                self.observer.said(f"trial {trial.number}: {ended.lost}; another takes its place")
                return
            outcome = Outcome(ended.assignment.job, FAILED, reason=ended.lost)
        self.found.outcomes.append(outcome)
        if outcome.run_id:
            trial.set_user_attr(RUN, outcome.run_id)
        if outcome.reason:
            trial.set_user_attr(REASON, outcome.reason)
        self._tell(trial, *self._judge(outcome))

    def _tell(self, trial: Trial, state: TrialState, value: float | None = None) -> None:
        self.found.study.tell(trial, value, state=state)
        frozen = self.found.study.trials[trial.number]
        self.observer.ended(frozen, frozen.user_attrs.get(REASON, ""))

    def _judge(self, outcome: Outcome) -> tuple[TrialState, float | None]:
        if outcome.status == FAILED:
            return TrialState.FAIL, None
        if outcome.status == KILLED:
            return TrialState.PRUNED, None
        value: Any = outcome.metrics.get(self.search.metric)
        if value is None:
            raise ConfigError(
                f"tune.metric={self.search.metric}: not among the metrics of this task; those are: "
                f"{', '.join(sorted(outcome.metrics))}"
            )
        finite = math.isfinite(value)
        return (TrialState.COMPLETE, value) if finite else (TrialState.FAIL, None)
