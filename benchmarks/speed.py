"""Time over that of ``scipy.differentiate.derivative``, in turns in one process, and memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.contenders import differentiate, installed
from benchmarks.problems.drawing import Draw, generator
from benchmarks.problems.smooth import Smooth, draw_smooth
from benchmarks.timing import clock, quotient
from benchmarks.verdict import Row, show_rows, write_rows

SIZES = (1, 1_000, 100_000)
BASELINE = "scipy"
AT_LEAST, SLOW = 0.3, 2.0
"""Seconds of each contender in a round; of a call that is not repeated. It ends in two minutes."""


def work(name: str, f: Smooth, x: Any) -> Callable[[], str]:
    """Return a call of a contender, for the clock."""
    return lambda: f"{np.median(differentiate(name, f.values, x).nfev):.0f}"


def peak_memory(call: Callable[[], str]) -> float:
    """Return the largest number of megabytes that a call holds."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def main(*, seed: int = 0, rounds: int = 5, most: int = 100_000, output: str = "") -> None:
    """Print the ratio of times, its median over rounds and quartiles, for each number of points.

    Args:
        seed: any integer; draws the function and its points.
        rounds: taken in turns; each contender has a third of a second in each.
        most: points; larger sizes are left out.
        output: a JSON file for the same.
    """
    rng, rows = generator(seed), list[Row]()
    f = draw_smooth(Draw(rng, "float64"), 1.0)
    title = f"Time of {f.name} over SciPy's: {rounds} rounds, seed={seed}"
    for size in [size for size in SIZES if size <= most]:
        x = rng.uniform(0.9, 1.1, size) if size > 1 else np.array(1.0)
        calls = {name: work(name, f, x) for name in installed()}
        timings = {timing.name: timing for timing in clock(calls, rounds, AT_LEAST, SLOW)}
        part = []
        for name, timing in timings.items():
            middle, low, high = quotient(timing.rounds, timings[BASELINE].rounds)
            part.append({
                "points": f"{size:,}", "": name, "ms": 1e3 * float(np.median(timing.rounds)),
                "over scipy": f"{middle:.2f} [{low:.2f}, {high:.2f}]",
                "evaluations": timing.outcome,
                "peak MB": peak_memory(calls[name]) if size == max(SIZES) else "",
            })  # fmt: skip
        show_rows(title, part, list(part[0]))
        rows += part
    write_rows(output, title, rows)
