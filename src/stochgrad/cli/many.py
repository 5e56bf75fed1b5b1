"""A sweep, from the command to the table at its end."""

from __future__ import annotations

import signal
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from rich.console import Console

from stochgrad import tasks
from stochgrad.cli.progress import ProgressBar
from stochgrad.cli.report import output, where_logged
from stochgrad.sweep.launcher import launch
from stochgrad.sweep.plan import Job, Plan
from stochgrad.sweep.summary import render
from stochgrad.tasks.result import Listener


def run_sweep(plan: Plan, root: Path) -> int:
    """Run every job, record them under one parent, and print the table that compares them.

    Args:
        plan: validated.
        root: of the repository.

    Returns:
        The exit code: 1 if any job failed, 130 after Ctrl-C, 143 after SIGTERM.

    Raises:
        ConfigError: if something that a job needs is not there; nothing was recorded.
    """
    stderr = Console(stderr=True)

    def watch(job: Job) -> AbstractContextManager[Listener]:
        return ProgressBar(stderr, f"{job.number}/{len(plan.jobs)} {job.title}")

    with ProgressBar(stderr, "preparing"):
        for job in plan.jobs:
            tasks.prepare(job.config)
    launched = launch(plan, tasks.run, watch)
    output().print(render(launched.outcomes))
    sweep = launched.sweep
    print(f"\n  {launched.detail}\n")
    experiment = plan.jobs[0].config.task.name
    print(where_logged(experiment, sweep.run_id, sweep.tracking_uri, root), end="")
    for outcome in launched.failed:
        print(f"error: {outcome.complaint()}", file=sys.stderr)
    if launched.interrupt is not None:
        interrupted = isinstance(launched.interrupt, KeyboardInterrupt)
        return 128 + (signal.SIGINT if interrupted else signal.SIGTERM)
    return 1 if launched.failed else 0
