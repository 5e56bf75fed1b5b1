"""The registry of tasks."""

from __future__ import annotations

from collections.abc import Callable

from stochgrad.config import TASK_CONFIGS, RunConfig, TaskConfig
from stochgrad.registry import Registry
from stochgrad.tasks.result import Listener, Result

Task = Callable[[RunConfig, Listener], Result]

TASKS: Registry[Task] = Registry("task")


def register_task(name: str, schema: type[TaskConfig]) -> Callable[[Task], Task]:
    """Return a decorator that enters a task with the schema of its settings."""

    def enter(task: Task) -> Task:
        TASK_CONFIGS.add(name, schema)
        return TASKS.add(name, task)

    return enter
