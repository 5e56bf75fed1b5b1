"""What a run does: a task turns a validated configuration into a Result."""

from __future__ import annotations

from stochgrad.config import RunConfig
from stochgrad.tasks import derivative, digits, xor
from stochgrad.tasks.base import TASKS, register_task
from stochgrad.tasks.result import Listener, Result


def run(config: RunConfig, listener: Listener | None = None) -> Result:
    """Do one run: configuration in, everything that was measured out.

    Args:
        config: from :func:`stochgrad.config.validate`.
        listener: told about progress.
    """
    return TASKS[config.task.name](config, listener or (lambda progress: None))


__all__ = ["TASKS", "derivative", "digits", "register_task", "run", "xor"]
