"""One run, from the command to what is printed at its end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from stochgrad.suite import tasks, tracking
from stochgrad.suite.cli.progress import ProgressBar
from stochgrad.suite.cli.report import (
    derivatives,
    figures,
    output,
    resumption,
    service,
    what_ran,
    where_logged,
)
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.sweep.outcome import one_line

MOST_ROWS = 20
"""Derivatives that are printed; all of them are on record."""


def run_single(config: RunConfig, arguments: Sequence[str], root: Path) -> int:
    """Run, record, and print a summary.

    Args:
        config: validated.
        arguments: what was typed, for the record.
        root: of the repository.

    Returns:
        The exit code: 1 if the run failed.

    Raises:
        ConfigError: if something that the run needs is not there; nothing was recorded.
    """
    with ProgressBar(Console(stderr=True), config.task.name) as listener:
        tasks.prepare(config)
        tracking.reconcile(tracking.locate())
        tags = {"arguments": " ".join(arguments)}
        say = partial(print, file=sys.stderr, flush=True)
        tracked = tracking.track(config, tasks.run, listener=listener, tags=tags, say=say)
    result = tracked.result
    if tracked.resumed is not None:
        print(resumption(tracked.resumed), end="")
    print(what_ran(tracked.config, result), end="")
    rows = result.tables.get("derivatives", [])
    if 0 < len(rows) <= MOST_ROWS:
        output().print(derivatives(rows))
        print()
    if result.failure is None:
        print(figures(result), end="")
    where = tracked.run_id, tracked.tracking_uri, root, tracked.experiment_id
    print(where_logged(config.task.name, *where), end="")
    if tracked.registered is not None:
        print(service(tracked.registered, tracked.tracking_uri, root), end="")
    if result.failure is not None:
        print(f"error: run FAILED: {one_line(result.failure)}", file=sys.stderr)
        return 1
    return 0
