"""What a run does: a task turns a validated configuration into a Result."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from stochgrad.suite.config.schema import TASKS, RunConfig
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.tasks import (  # noqa: F401  (each enters itself)
    circuit,
    derivative,
    images,
    study,
    xor,
)
from stochgrad.suite.tasks.base import Task, register_task
from stochgrad.suite.tasks.result import Listener, Progress, Result, Row
from stochgrad.suite.tasks.state import State


def run(config: RunConfig, listener: Listener | None = None, state: State | None = None) -> Result:
    """Do one run: configuration in, everything that was measured out.

    The table ``timing`` of the result has the seconds that each part of the run took, between two
    words to the listener: an epoch with its validation, say.

    One has failed whose first figure is NaN, or of which any is infinite.

    Args:
        config: from :func:`stochgrad.suite.config.schema.validate`.
        listener: told about progress.
        state: what a listener of an earlier run of this configuration was given, to go on from;
            the result is that of a run that was never interrupted.
    """
    timing: list[Row] = []
    started = resumed = time.perf_counter()

    def listen(progress: Progress) -> None:
        nonlocal resumed
        seconds = time.perf_counter() - resumed
        timing.append({"done": progress.done, "unit": progress.unit, "seconds": seconds})
        if listener is not None:
            listener(progress)
        resumed = time.perf_counter()

    task: Task = TASKS[config.task.name]
    result = task.run(config, listen, *(() if state is None else (state,)))
    result.seconds = result.seconds or time.perf_counter() - started
    result.tables["timing"] = timing
    finals = result.finals()
    first = result.headline[:1]
    bad = [n for n, v in finals.items() if math.isinf(v) or (math.isnan(v) and n in first)]
    if bad and result.failure is None:
        result.failure = f"{bad[0]} is {finals[bad[0]]}: beyond the floats of {config.dtype}"
    return result


def prepare(config: RunConfig) -> None:
    """Get what a run needs before it is put on record.

    Raises:
        ConfigError: where the user has to do something first.
    """
    TASKS[config.task.name].prepare(config)


def load(config: RunConfig) -> Dataset | None:
    """Return the data set that a prepared run reads; None if it reads none."""
    found: Dataset | None = TASKS[config.task.name].load(config)
    return found


def metrics(config: RunConfig) -> Sequence[str]:
    """Return the names of the metrics that a search may improve; none if the task does not tell."""
    names: Sequence[str] = TASKS[config.task.name].metrics(config)
    return names


__all__ = ["TASKS", "Task", "load", "metrics", "prepare", "register_task", "run"]
