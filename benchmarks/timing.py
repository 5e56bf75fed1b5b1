"""Timing and the table of ratios."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

AT_LEAST = 2.0
"""Seconds to spend on repeats."""


@dataclass(frozen=True)
class Timing:
    """Seconds that something took.

    Attributes:
        name: of what was timed.
        first: the first call, with imports and compilation.
        best: the fastest of the later calls, or the first where there was one.
        outcome: a number that shows that the work was done.
    """

    name: str
    first: float
    best: float
    outcome: str


def clock(name: str, work: Callable[[], str], repeats: int) -> Timing:
    """Call ``work`` once, then ``repeats`` times, and on until two seconds have gone.

    What takes milliseconds needs more repeats to be seen undisturbed once.
    """
    seconds: list[float] = []
    while len(seconds) < 1 + repeats or sum(seconds[1:]) < AT_LEAST:
        started = time.perf_counter()
        outcome = work()
        seconds.append(time.perf_counter() - started)
    return Timing(name, seconds[0], min(seconds[1:] or seconds), outcome)


def show(title: str, timings: list[Timing], outcome: str) -> None:
    """Print the timings, each relative to the first."""
    table = Table(title=title)
    for column in ("", "first call (s)", "then (s)", "times as fast", outcome):
        table.add_column(column, justify="left" if not column else "right")
    for timing in timings:
        ratio = timings[0].best / timing.best
        table.add_row(
            timing.name, f"{timing.first:.3f}", f"{timing.best:.3f}", f"{ratio:.1f}", timing.outcome
        )
    Console(width=None if sys.stdout.isatty() else 110).print(table)
