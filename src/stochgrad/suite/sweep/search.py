"""Search for good settings: trials of Optuna's, each a run on record under one parent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, Trial, TrialState

from stochgrad.errors import ConfigError
from stochgrad.random import fresh_seed
from stochgrad.suite import tracking
from stochgrad.suite.paths import sqlite_uri, without_password
from stochgrad.suite.sweep.identity import digest, identify
from stochgrad.suite.sweep.job import Assignment, carry_out
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.plan import Job
from stochgrad.suite.sweep.ranking import direction
from stochgrad.suite.sweep.record import write_search
from stochgrad.suite.sweep.settings import TuneSettings
from stochgrad.suite.sweep.space import as_arguments
from stochgrad.suite.tasks.result import Progress
from stochgrad.suite.tracking.process import beating
from stochgrad.suite.tracking.provenance import code_hash
from stochgrad.suite.tracking.record import FAILED, FINISHED, KILLED
from stochgrad.suite.tracking.run import Run
from stochgrad.suite.tracking.sweeps import close_orphans

LOST = "lost"
"""Mark of a trial whose process died: it does not count."""
RUN = "run_id"
REASON = "reason"
PRUNED = "pruned"
WARM_UP = 5
"""Trials that are never pruned, and with which the later ones are compared."""

Compose = Callable[[dict[str, str]], Job]
"""Makes the job of a point of the space; raises ConfigError where there is no such run."""


class Observer(Protocol):
    """Is told how a search goes."""

    def ended(self, trial: FrozenTrial, reason: str) -> None:
        """Take note that a trial has ended, and why it was not completed."""

    def said(self, text: str) -> None:
        """Take note of something that happened, in one line."""


@dataclass(frozen=True)
class Search:
    """What is searched, and how.

    Attributes:
        settings: of the search.
        space: what is varied.
        task: name of the task.
        metric: to improve.
        arguments: what the user typed.
    """

    settings: TuneSettings
    space: dict[str, BaseDistribution]
    task: str
    metric: str
    arguments: tuple[str, ...]

    @property
    def direction(self) -> str:
        """Return where the metric is better."""
        return self.settings.direction or direction(self.metric)

    def name(self, fixed: Sequence[str]) -> str:
        """Return the name of the study: the same for the same search with the same code.

        How many trials there are to be, and where they are kept, is no part of it.
        """
        settings = self.settings
        how = f"prune {settings.prune}, sampler_seed {settings.sampler_seed}"
        parts = [self.task, self.metric, self.direction, how, code_hash(), *fixed]
        parts += [f"{key} {distribution!r}" for key, distribution in self.space.items()]
        return settings.study or f"{self.task}-{digest(parts)[:12]}"


@dataclass
class Found:
    """A search that has ended.

    Attributes:
        study: of Optuna's.
        sweep: the parent run.
        outcomes: of the trials that this command ran.
        interrupt: Ctrl-C or SIGTERM, if one of them ended it.
    """

    study: optuna.Study
    sweep: tracking.Sweep
    outcomes: list[Outcome] = field(default_factory=list)
    interrupt: BaseException | None = None

    def count(self, *states: TrialState) -> int:
        """Return how many trials of the study ended so."""
        return len([t for t in self.study.get_trials(states=states) if LOST not in t.user_attrs])

    @property
    def completed(self) -> list[FrozenTrial]:
        """Return the trials that have a value."""
        return list(self.study.get_trials(states=(TrialState.COMPLETE,)))

    @property
    def best(self) -> FrozenTrial | None:
        """Return the best trial, if any was completed."""
        return self.study.best_trial if self.completed else None

    @property
    def detail(self) -> str:
        """How far it came, in one line."""
        complete, pruned, failed = (
            self.count(state) for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
        )
        return f"{complete} trials completed, {pruned} pruned, {failed} failed"


def open_study(search: Search, name: str, location: tracking.Location) -> optuna.Study:
    """Open the study, or create it.

    Raises:
        ConfigError: if its storage cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = search.settings.storage or _beside(location)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=WARM_UP)
    try:
        study = optuna.create_study(
            storage=url,
            study_name=name,
            direction=search.direction,  # type: ignore[arg-type]
            load_if_exists=True,
            pruner=pruner if search.settings.prune else optuna.pruners.NopPruner(),
        )
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            without_password(f"tune.storage={url}: cannot be used ({reason})")
        ) from error
    # A search that goes on must not draw again what it drew before.
    seed = np.random.SeedSequence([search.settings.sampler_seed, len(study.trials)])
    study.sampler = optuna.samplers.TPESampler(seed=int(seed.generate_state(1)[0]))
    return study


def _beside(location: tracking.Location) -> str:
    return sqlite_uri(location.checkpoints.parent / "tune.db")


def carry_on(
    search: Search, fixed: Sequence[str], compose: Compose, run: Run, observer: Observer
) -> Found:
    """Add trials to the study until it has as many as it should.

    Ctrl-C lets the running trial finish; a second one, or SIGTERM, ends it as KILLED. A trial whose
    process died does not count, and the search goes on as if it had not been.

    Args:
        search: what, and how.
        fixed: settings of the runs with one value, as typed.
        compose: makes jobs.
        run: carries out one of them.
        observer: told how it goes.

    Raises:
        ConfigError: if the store or the study cannot be used.
    """
    location = tracking.locate()
    name = search.name(fixed)
    with tracking.interruptible() as interrupts:
        interrupts.hold()
        study = open_study(search, name, location)
        tracking.reconcile(location)
        with tracking.claim(location, f"tune-{digest([name])[:32]}") as mine:
            if mine:  # so that whoever left trials open is gone
                _close_lost(study)
            found = Found(study, _parent(search, name, location, mine))
            work = _Trials(search, found, compose, run, observer)
            try:
                with beating(found.sweep.record), tracking.patient(work.no_more):
                    interrupts.release()
                    work.do()
            except (KeyboardInterrupt, tracking.Terminated) as error:
                interrupts.hold()
                found.interrupt = error
                if mine:
                    _close_lost(study)
            except BaseException as error:
                reason = f"{type(error).__name__}: {error}"
                tracking.finish_sweep(found.sweep, None, FAILED, reason, reason)
                raise
            interrupts.hold()
            _finish(search, found)
    return found


def _parent(search: Search, name: str, location: tracking.Location, mine: bool) -> tracking.Sweep:
    sweep_hash = digest(["tune", name])
    tags = {
        "swept": ", ".join(search.space),
        "arguments": " ".join(map(without_password, search.arguments)),
        "sweep_hash": sweep_hash,
        "study": name,
    }
    found = tracking.find_sweep(search.task, sweep_hash, location) if mine else None
    if found is None:
        return tracking.start_sweep(search.task, tags, location)
    tracking.reopen_sweep(found, tags)
    return found


def _close_lost(study: optuna.Study) -> None:
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        Trial(study, trial._trial_id).set_user_attr(LOST, True)
        study.tell(trial.number, state=TrialState.FAIL)


def _finish(search: Search, found: Found) -> None:
    close_orphans(found.sweep)
    best = found.best
    status = FINISHED if found.interrupt is None and best is not None else FAILED
    status = KILLED if found.interrupt is not None else status
    with TemporaryDirectory(prefix="stochgrad-") as folder:
        write_search(found.study, search.metric, Path(folder))
        failure = None if status == FINISHED else found.detail
        tracking.finish_sweep(found.sweep, Path(folder), status, found.detail, failure)


@dataclass
class _Trials:
    """The trials of one command."""

    search: Search
    found: Found
    compose: Compose
    run: Run
    observer: Observer
    going: bool = True

    def no_more(self) -> None:
        """Start no more trials, since somebody pressed Ctrl-C."""
        self.going = False
        self.found.interrupt = KeyboardInterrupt()
        self.observer.said("no more trials are started; waiting for this one (Ctrl-C again stops)")

    def do(self) -> None:
        """Run trials until there are enough."""
        ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
        while self.going and self.found.count(*ended) < self.search.settings.trials:
            trial = self.found.study.ask(self.search.space)
            outcome = self._carry_out(trial)
            state, value = self._judge(outcome)
            self.found.study.tell(trial, value, state=state)
            if outcome is not None:
                self.found.outcomes.append(outcome)
            frozen = self.found.study.trials[trial.number]
            self.observer.ended(frozen, frozen.user_attrs.get(REASON, ""))

    def _carry_out(self, trial: Trial) -> Outcome | None:
        """Run a trial; None where the point is no valid run, or another process is at it."""
        try:
            job = self.compose(as_arguments(trial.params))
        except ConfigError as error:
            trial.set_user_attr(REASON, str(error))
            return None
        sweep, config = self.found.sweep, job.config
        if config.seed is None:
            config = config.model_copy(update={"seed": fresh_seed()})
        job = Job(trial.number + 1, job.swept, config)
        tags = {**sweep.tags, "job": str(job.number), "study": self.found.study.study_name}
        (identity,) = identify([job])
        assignment = Assignment(job, identity, sweep.run_id, tags, sweep.location)

        def listen(told: Progress) -> None:
            value = told.metrics.get(self.search.metric, math.nan)
            if math.isfinite(value):
                trial.report(value, told.done)
                if trial.should_prune():
                    raise tracking.Stopped(f"{PRUNED} at {told.unit} {told.done}")

        outcome = carry_out(assignment, self.run, listen)
        if outcome is not None and outcome.run_id:
            trial.set_user_attr(RUN, outcome.run_id)
        if outcome is not None and outcome.reason:
            trial.set_user_attr(REASON, outcome.reason)
        return outcome

    def _judge(self, outcome: Outcome | None) -> tuple[TrialState, float | None]:
        if outcome is None or outcome.status == FAILED:
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
