"""Time of gradients beside SciPy, numdifftools and jacobi, in turns within one process."""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from benchmarks.verdict import Row, Verdict, show_rows, show_verdicts, with_bar, write_rows

AUTOMATIC, GIVEN = "scipy.differentiate.jacobian", "scipy.optimize.approx_fprime"
SIZES = (10, 100, 1000)
"""Variables."""
SLOW = 100
"""Above so many variables numdifftools and jacobi take minutes."""
STEP = 1.5e-8
TURN = 5e-3
"""Seconds that a turn takes at least: a call of a tenth of a millisecond is repeated, or its time
would be that of what ran before it, which has filled the caches."""


def rosenbrock(x: Any) -> Any:
    """Return values along the first axis, as scipy.differentiate wants them, or of one point."""
    return ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum(axis=0)


def batched(x: Any) -> Any:
    """Return values of points ``(…, d)``."""
    return ((1 - x[..., :-1]) ** 2 + 100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2).sum(axis=-1)


def exact(x: Any) -> Any:
    """Return the gradient."""
    a, b, found = x[:-1], x[1:], np.zeros_like(x)
    found[:-1] += -2 * (1 - a) - 400 * a * (b - a * a)
    found[1:] += 200 * (b - a * a)
    return found


def contenders(x: Any) -> dict[str, Callable[[], Any]]:
    """Return what finds a gradient at x, by name."""
    from scipy.differentiate import jacobian
    from scipy.optimize import approx_fprime

    from stochgrad import gradient

    # SciPy's functions are told whether f takes arrays; so are ours.
    given: dict[str, Any] = {"estimator": "forward", "epsilon": STEP, "error_bars": False}
    whole: dict[str, Any] = {"seed": 0, "vectorized": True}
    one: dict[str, Any] = {"seed": 0, "vectorized": False}
    work: dict[str, Callable[[], Any]] = {
        "gradient": lambda: gradient(batched, x, **whole).df,
        "gradient, point by point": lambda: gradient(batched, x, **one).df,
        AUTOMATIC: lambda: jacobian(rosenbrock, x).df,
        "gradient, given step": lambda: gradient(batched, x, **whole, **given).df,
        "given step, point by point": lambda: gradient(batched, x, **one, **given).df,
        GIVEN: lambda: approx_fprime(x, batched, STEP),
    }
    if len(x) <= SLOW:
        if importlib.util.find_spec("numdifftools"):
            import numdifftools

            work["numdifftools.Gradient"] = lambda: numdifftools.Gradient(batched)(x)
        if importlib.util.find_spec("jacobi"):
            import jacobi

            work["jacobi.jacobi"] = lambda: jacobi.jacobi(batched, x)[0]
    return work


def main(*, seed: int = 0, rounds: int = 7, output: str = "") -> None:
    """Print seconds of the processor, and errors, at 10, 100 and 1,000 variables.

    Args:
        seed: draws the point.
        rounds: in which each takes its turn; medians are shown.
        output: a JSON file for the same.
    """
    rows: list[Row] = []
    verdicts: list[Verdict] = []
    for d in with_bar("gradients", list(SIZES)):
        x = np.random.default_rng(seed).uniform(-1, 1, d)
        work, right = contenders(x), exact(x)
        seconds: dict[str, list[float]] = {name: [] for name in work}
        error = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(1 + rounds):
                for name, call in work.items():
                    started, calls, taken = time.process_time(), 0, 0.0
                    while taken < TURN:
                        found = call()
                        calls, taken = calls + 1, time.process_time() - started
                    seconds[name].append(taken / calls)
                    off = np.linalg.norm(np.ravel(found) - right)
                    error[name] = float(off / np.linalg.norm(right))
        middle = {name: median(taken[1:]) for name, taken in seconds.items()}
        rows += [
            {"variables": d, "": name, "CPU, ms": 1e3 * t, "relative error": error[name]}
            for name, t in middle.items()
        ]
        auto, step = middle["gradient"] / middle[AUTOMATIC], middle["gradient, given step"]
        verdicts += [
            Verdict(f"{d} variables: over {AUTOMATIC}", auto, most=5),
            Verdict(f"{d} variables, given step: over {GIVEN}", step / middle[GIVEN], most=1.5),
        ]
    title = f"Rosenbrock's function of many variables: {rounds} rounds, seed={seed}"
    show_rows(title, rows, list(rows[0]))
    write_rows(output, title, rows)
    show_verdicts("Ratios of times", verdicts, "f takes batches; so does SciPy's jacobian")
