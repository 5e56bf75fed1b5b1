"""Timing and the table of ratios."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

AT_LEAST = 1.0
"""Seconds that each contender gets in a round: short work is repeated."""


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


def clock(contenders: dict[str, Callable[[], str]], rounds: int) -> list[Timing]:
    """Call each contender once, then take turns.

    In turns, so that a slow spell of the machine hits all of them; the fastest call counts.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    outcomes: dict[str, str] = {}
    for turn in range(1 + rounds):
        for name, work in contenders.items():
            spent = 0.0
            while spent == 0 or (turn > 0 and spent < AT_LEAST):
                started = time.perf_counter()
                outcomes[name] = work()
                seconds[name].append(time.perf_counter() - started)
                spent += seconds[name][-1]
    return [Timing(n, s[0], min(s[1:] or s), outcomes[n]) for n, s in seconds.items()]


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
