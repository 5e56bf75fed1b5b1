"""The registry of tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from stochgrad.registry import Registry
from stochgrad.suite.config.schema import TASK_CONFIGS, RunConfig, TaskConfig
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.tasks.result import Result

Task = Callable[..., Result]
"""``(config, listener) -> Result``; one that tells its state takes it back as a third argument."""
Prepare = Callable[[RunConfig], None]
Load = Callable[[RunConfig], Dataset | None]
Names = Callable[[RunConfig], Sequence[str]]

TASKS: Registry[Task] = Registry("task")
PREPARE: Registry[Prepare] = Registry("task")
LOAD: Registry[Load] = Registry("task")
METRICS: Registry[Names] = Registry("task")


def register_task(
    name: str,
    schema: type[TaskConfig],
    prepare: Prepare | None = None,
    load: Load | None = None,
    metrics: Names | None = None,
) -> Callable[[Task], Task]:
    """Return a decorator that enters a task.

    Args:
        name: of the task.
        schema: of its settings.
        prepare: called before a run is put on record, to get what the run needs (data, say); it
            raises ConfigError where the user has to do something first.
        load: returns the data set that a run of these settings reads, if it reads one.
        metrics: returns the names of the metrics that a run of these settings may end with, but for
            those of the test set; a search refuses others before it starts.
    """

    def enter(task: Task) -> Task:
        TASK_CONFIGS.add(name, schema)
        PREPARE.add(name, prepare or (lambda config: None))
        LOAD.add(name, load or (lambda config: None))
        METRICS.add(name, metrics or (lambda config: ()))
        return TASKS.add(name, task)

    return enter


def settings(config: RunConfig, kind: type[Any]) -> Any:
    """Return the task's own settings, typed."""
    assert isinstance(config.task, kind)
    return cast(Any, config.task)
