"""The trials of a search on their way through a pool, shared with other processes."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import Trial, TrialState

from stochgrad.errors import ConfigError
from stochgrad.random import fresh_seed
from stochgrad.suite import tracking
from stochgrad.suite.sweep.identity import digest, identify
from stochgrad.suite.sweep.job import Assignment, JobResult
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.plan import Job
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
from stochgrad.suite.sweep.work import Queue
from stochgrad.suite.tasks.result import Progress
from stochgrad.suite.tracking.process import identity
from stochgrad.suite.tracking.record import FAILED, KILLED

PRUNED = "pruned"


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


@dataclass(kw_only=True)
class Trials(Queue):
    """The trials of one command."""

    ended: Found
    search: Search
    compose: Compose
    observer: Observer
    mine: bool
    trials: dict[int, Trial] = field(default_factory=dict)
    deaths: int = 0

    def say_no_more(self, running: int) -> None:
        what = "this one" if running == 1 else f"{running}"
        self.observer.said(f"no more trials are started; waiting for {what} (Ctrl-C again stops)")

    def give_up(self, interrupt: BaseException) -> None:
        for result in self.pool.stop():
            self._receive(result)
        for trial in self.trials.values():  # they do not count
            lose(self.ended.study, trial.number, trial._trial_id)

    def is_done(self) -> bool:
        close_lost(self.ended.study, self.mine)
        return not self.waiting and self.ended.count(*ENDED) >= self.search.settings.trials

    def start_new(self) -> bool:
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
        study, location = self.ended.study, self.ended.sweep.location
        with tracking.turn(location, f"ask-{digest([study.study_name])[:32]}"):
            taken = self.ended.count(*ENDED, TrialState.RUNNING)
            if taken >= self.search.settings.trials:
                return None
            trial = study.ask(self.search.space)
            trial.set_user_attr(PROCESS, json.dumps(identity()))
            return trial

    def _assign(self, job: Job, trial: Trial) -> Assignment:
        sweep, study = self.ended.sweep, self.ended.study
        tags = {**sweep.tags, "job": str(job.number), "study": study.study_name}
        pruning = Pruning(study, trial._trial_id, self.search.metric)
        (known,) = identify([job])
        return Assignment(job, known, sweep.run_id, tags, sweep.location, listener=pruning)

    def take(self, result: JobResult) -> None:
        trial, outcome = self.trials.pop(result.assignment.job.number), result.outcome
        if outcome is None:
            self.deaths += 1
            if self.deaths <= self.search.sweep.retries:
                lose(self.ended.study, trial.number, trial._trial_id)
                self.observer.said(f"trial {trial.number}: {result.lost}; another takes its place")
                return
            outcome = Outcome(result.assignment.job, FAILED, reason=result.lost)
        self.ended.outcomes.append(outcome)
        if outcome.run_id:
            trial.set_user_attr(RUN, outcome.run_id)
        if outcome.reason:
            trial.set_user_attr(REASON, outcome.reason)
        self._tell(trial, *self._judge(outcome))

    def _tell(self, trial: Trial, state: TrialState, value: float | None = None) -> None:
        self.ended.study.tell(trial, value, state=state)
        frozen = self.ended.study.trials[trial.number]
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
