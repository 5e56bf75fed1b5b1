"""Timing and the table of ratios."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
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
        rounds: a call in each later round, its median; the first call where there was no other.
        outcome: a number that shows that the work was done.
    """

    name: str
    first: float
    rounds: tuple[float, ...]
    outcome: str


def clock(
    contenders: dict[str, Callable[[], str]],
    rounds: int,
    at_least: float = AT_LEAST,
    slow: float = float("inf"),
) -> list[Timing]:
    """Call each contender once, then take turns, so that a slow spell hits all of them.

    Args:
        contenders: what to time, by name.
        rounds: after the first.
        at_least: seconds that each gets in a round.
        slow: seconds of a first call, after which there is no other.
    """
    first: dict[str, float] = {}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    outcomes: dict[str, str] = {}
    for turn in range(1 + rounds):
        for name, work in contenders.items():
            if first.get(name, 0.0) > slow:
                continue
            calls: list[float] = []
            while not calls or (turn > 0 and sum(calls) < at_least):
                started = time.perf_counter()
                outcomes[name] = work()
                calls.append(time.perf_counter() - started)
            first.setdefault(name, calls[0])
            if turn > 0:
                seconds[name].append(median(calls))
    return [Timing(n, first[n], tuple(s) or (first[n],), outcomes[n]) for n, s in seconds.items()]


def quotient(above: Sequence[float], below: Sequence[float]) -> tuple[float, float, float]:
    """Compare two contenders within each round: the median over rounds, and the quartiles."""
    low, middle, high = np.quantile(np.divide(above, below), (0.25, 0.5, 0.75))
    return float(middle), float(low), float(high)


def show(title: str, timings: list[Timing], outcome: str) -> None:
    """Print the timings, each relative to the first."""
    table = Table(title=title, caption="times as fast: median over rounds, and quartiles")
    for column in ("", "first call (s)", "best (s)", "median (s)", "times as fast", outcome):
        table.add_column(column, justify="left" if not column else "right")
    for timing in timings:
        middle, low, high = quotient(timings[0].rounds, timing.rounds)
        table.add_row(
            timing.name, f"{timing.first:.3f}", f"{min(timing.rounds):.3f}",
            f"{median(timing.rounds):.3f}", f"{middle:.2f} [{low:.2f}, {high:.2f}]", timing.outcome,
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 120, markup=False).print(table)
