"""A search and its study: what is varied, what came of it, which trials do not count."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, Trial, TrialState

from stochgrad.suite.sweep.identity import digest
from stochgrad.suite.sweep.outcome import direction
from stochgrad.suite.sweep.plan import Job
from stochgrad.suite.sweep.settings import SweepSettings, TuneSettings
from stochgrad.suite.sweep.work import Ended
from stochgrad.suite.tracking.process import is_gone
from stochgrad.suite.tracking.provenance import code_hash

LOST = "lost"
"""Mark of a trial whose process died: it does not count."""
RUN = "run_id"
REASON = "reason"
PROCESS = "process"
"""Attribute of a trial: the process that is at it, as JSON."""
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
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
        sweep: how many trials are carried out at a time, and where.
    """

    settings: TuneSettings
    space: dict[str, BaseDistribution]
    task: str
    metric: str
    arguments: tuple[str, ...]
    sweep: SweepSettings = field(default_factory=SweepSettings)

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


@dataclass(kw_only=True)
class Found(Ended):
    """A search that has ended, with the outcomes of the trials that this command ran.

    Attributes:
        study: of Optuna's.
    """

    study: optuna.Study

    def count(self, *states: TrialState) -> int:
        """Return how many trials of the study ended so."""
        return len([t for t in self.study.get_trials(states=states) if LOST not in t.user_attrs])

    @property
    def ranked(self) -> list[FrozenTrial]:
        """Return the trials that have a value, the best first."""
        sign = -1 if self.study.direction.name == "MAXIMIZE" else 1
        ended = self.study.get_trials(states=(TrialState.COMPLETE,))
        return sorted(ended, key=lambda trial: sign * (trial.value or 0.0))

    @property
    def best(self) -> FrozenTrial | None:
        """Return the best trial, if any was completed."""
        return next(iter(self.ranked), None)

    @property
    def detail(self) -> str:
        """How far it came, in one line."""
        complete, pruned, failed = (
            self.count(state) for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
        )
        return f"{complete} trials completed, {pruned} pruned, {failed} failed"


def close_lost(study: optuna.Study, mine: bool) -> None:
    """End the trials whose process has died; they do not count."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        process = json.loads(trial.user_attrs.get(PROCESS, "null"))
        if mine if process is None else is_gone(process):
            lose(study, trial.number, trial._trial_id)


def lose(study: optuna.Study, number: int, trial_id: int) -> None:
    """End a trial that does not count."""
    Trial(study, trial_id).set_user_attr(LOST, True)
    study.tell(number, state=TrialState.FAIL)
