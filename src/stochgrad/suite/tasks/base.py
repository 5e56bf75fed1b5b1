"""The registry of tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from stochgrad.suite.config.schema import TASKS, RunConfig, TaskConfig
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.tasks.result import Result

T = TypeVar("T", bound=TaskConfig)
Run = Callable[..., Result]
"""``(config, listener) -> Result``; one that tells its state takes it back as a third argument."""


@dataclass(frozen=True)
class Task:
    """What there is to know of a task.

    Attributes:
        schema: of its settings.
        run: carries it out.
        prepare: called before a run is put on record, to get what the run needs (data, say); it
            raises ConfigError where the user has to do something first.
        load: returns the data set that a run of these settings reads, if it reads one.
        metrics: returns the names of the metrics that a run of these settings may end with, but for
            those of the test set; a search refuses others before it starts.
    """

    schema: type[TaskConfig]
    run: Run
    prepare: Callable[[RunConfig], None]
    load: Callable[[RunConfig], Dataset | None]
    metrics: Callable[[RunConfig], Sequence[str]]


def register_task(
    name: str,
    schema: type[TaskConfig],
    prepare: Callable[[RunConfig], None] = lambda config: None,
    load: Callable[[RunConfig], Dataset | None] = lambda config: None,
    metrics: Callable[[RunConfig], Sequence[str]] = lambda config: (),
) -> Callable[[Run], Run]:
    """Return a decorator that enters what it decorates as :attr:`Task.run` of a task."""

    def enter(run: Run) -> Run:
        TASKS.add(name, Task(schema, run, prepare, load, metrics))
        return run

    return enter


def settings(config: RunConfig, kind: type[T]) -> T:
    """Return the task's own settings, typed."""
    assert isinstance(config.task, kind)
    return config.task
