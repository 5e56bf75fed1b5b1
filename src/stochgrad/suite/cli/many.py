"""A sweep, from the command to the table at its end."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

from rich.console import Console

from stochgrad.suite import tasks, tracking
from stochgrad.suite.cli.progress import ProgressBar, SweepBar
from stochgrad.suite.cli.report import output, where_logged
from stochgrad.suite.sweep.launcher import SweepResult, launch
from stochgrad.suite.sweep.ledger import survey
from stochgrad.suite.sweep.plan import Plan
from stochgrad.suite.sweep.summary import render, render_failures, render_plan

MOST_LEFT_OUT = 20
"""Combinations that are listed one by one."""


def run_sweep(plan: Plan, root: Path) -> int:
    """Run every job that is not done, record them under one parent, and print a comparison.

    Args:
        plan: validated.
        root: of the repository.

    Returns:
        The exit code: 1 if any job failed, 130 after Ctrl-C, 143 after SIGTERM.

    Raises:
        ConfigError: if something that a job needs is not there; nothing was recorded.
    """
    stderr = Console(stderr=True, markup=False)
    with ProgressBar(stderr, "preparing"):
        for job in plan.jobs:
            tasks.prepare(job.config)
        location = tracking.locate()
        standings = survey(plan, location)
    if plan.settings.dry_run:
        output().print(render_plan(plan, standings, location))
        print(left_out(plan), end="")
        return 0
    with SweepBar(stderr, len(plan.jobs)) as bar:
        launched = launch(plan, standings, tasks.run, bar, bar.comparing)
    _report(launched, root)
    if launched.interrupt is not None:
        return tracking.exit_code(launched.interrupt)
    return 1 if launched.failed else 0


def _report(launched: SweepResult, root: Path) -> None:
    plan, sweep = launched.plan, launched.sweep
    output().print(render(launched.outcomes))
    print(f"\n  {launched.detail}")
    print(left_out(plan), end="")
    if launched.interrupt is not None:
        print("  to go on with the others: the same command")
    if launched.counted == len(plan.jobs):
        print("  nothing was run: every run is done (sweep.rerun=true repeats them)")
    print()
    experiment = plan.jobs[0].config.task.name
    where = sweep.run_id, sweep.tracking_uri, root, sweep.record.experiment_id
    print(where_logged(experiment, *where), end="")
    if launched.failed:
        sys.stdout.flush()
        Console(stderr=True, highlight=False, markup=False, width=output().width).print(
            render_failures(launched.failed)
        )


def left_out(plan: Plan) -> str:
    """List the combinations that cannot be, as they were left out; nothing if there are none."""
    if not plan.left_out:
        return ""
    count = len(plan.left_out)
    lines = [f"  {count} combination{'s' * (count != 1)} left out (sweep.skip_invalid=true):"]
    shown = islice(plan.left_out.items(), MOST_LEFT_OUT)
    lines += [f"    {title}: {reason}" for title, reason in shown]
    if count > MOST_LEFT_OUT:
        lines.append(f"    … and {count - MOST_LEFT_OUT} more")
    return "\n".join(lines) + "\n"
