"""The registry of tasks."""

from __future__ import annotations

from collections.abc import Callable

from stochgrad.config import TASK_CONFIGS, RunConfig, TaskConfig
from stochgrad.registry import Registry
from stochgrad.tasks.result import Result

Task = Callable[..., Result]
"""``(config, listener) -> Result``; one that tells its state takes it back as a third argument."""
Prepare = Callable[[RunConfig], None]

TASKS: Registry[Task] = Registry("task")
PREPARE: Registry[Prepare] = Registry("task")


def register_task(
    name: str, schema: type[TaskConfig], prepare: Prepare | None = None
) -> Callable[[Task], Task]:
    """Return a decorator that enters a task.

    Args:
        name: of the task.
        schema: of its settings.
        prepare: called before a run is put on record, to get what the run needs (data, say); it
            raises ConfigError where the user has to do something first.
    """

    def enter(task: Task) -> Task:
        TASK_CONFIGS.add(name, schema)
        PREPARE.add(name, prepare or (lambda config: None))
        return TASKS.add(name, task)

    return enter
