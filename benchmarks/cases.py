"""What the laboratory's benchmarks measure: functions at points, in two dtypes, with noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.families import composition
from benchmarks.verdict import Row, with_bar
from stochgrad.backends import get_backend
from stochgrad.random import Purpose, stream
from stochgrad.suite.models.functions import FUNCTIONS, NamedFunction
from stochgrad.suite.tasks.setting import Setting, make_settings
from stochgrad.suite.tasks.study import StudyConfig, measure, parse_estimator

POSITIVE = [1e-6, 1e-3, 0.3183098861837907, 1.3, 40.0, 1e6]
NEGATIVE = [-1e6, -20.0, -0.7, -1e-6]
NEAR = [-1.1, 0.3, 0.8]
"""Where the random compositions are taken."""
NOISES = [0.0, 1e-6, 1e-4, 1e-2]
"""Over |f(x)|."""
COMPOSITIONS = 12
SEED = 0
NOT_IN_FLOAT32 = ("power_pi",)
"""Functions with constants that float32 rounds: evaluated there, they are other functions."""
RESOLVED = 0.1
"""Relative error of the slope between the two neighbours of x, of an f that its floats show."""
DRAWS = (2, 3, 5, 10, 30, 100)
LARGEST_STEP = 0.5
STEP = 1e-30
"""In the imaginary direction: a derivative without truncation or cancellation."""

OTHERS: dict[str, NamedFunction] = {
    "cube": NamedFunction(lambda x, xp, widen: widen(x) ** 3, lambda x, xp: 3 * x * x, "x³"),
    "reciprocal": NamedFunction(
        lambda x, xp, widen: 1 / widen(x), lambda x, xp: -1 / (x * x), "1/x"
    ),
    "log": NamedFunction(
        lambda x, xp, widen: xp.log(widen(x)), lambda x, xp: 1 / x, "log(x)", positive=True
    ),
    "fast_sin": NamedFunction(
        lambda x, xp, widen: xp.sin(30 * widen(x)), lambda x, xp: 30 * xp.cos(30 * x), "sin(30x)"
    ),
}


def random_compositions() -> list[str]:
    """Register smooth functions drawn at random, and return their names."""
    rng = np.random.default_rng(SEED)
    names = [f"composition_{i}" for i in range(COMPOSITIONS)]
    for name in names:
        f = composition(rng)
        if name not in FUNCTIONS:
            FUNCTIONS.add(name, NamedFunction(_plain(f), _by_complex_step(f), name))
    return names


def _plain(f: Callable[[Any], Any]) -> Callable[[Any, Any, Any], Any]:
    return lambda x, xp, widen: f(x)


def _by_complex_step(f: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, xp: np.imag(f(x + STEP * 1j)) / STEP


def settings(
    noises: list[float], dtypes: tuple[str, ...] = ("float32", "float64")
) -> list[Setting]:
    """Return the functions at their points, in every dtype and with every noise.

    Left out are points where f or f′ is zero, infinite or not normal (nothing is relative to them),
    and those where neighbouring float32 numbers do not show how f changes: sin(30x) at a million.
    """
    for name, function in OTHERS.items():
        if name not in FUNCTIONS:
            FUNCTIONS.add(name, function)
    named = [n for n in FUNCTIONS if not n.startswith("composition")]
    points = [(n, POSITIVE if FUNCTIONS[n].positive else [*NEGATIVE, *POSITIVE]) for n in named] + [
        (n, NEAR) for n in random_compositions()
    ]
    pairs = [(n, x, d) for n, x in points for d in dtypes]
    return [
        s for n, x, d in pairs if d == "float64" or n not in NOT_IN_FLOAT32
        for s in _normal(n, x, d, noises)
    ]  # fmt: skip


def _normal(name: str, x: list[float], dtype: str, noises: list[float]) -> Iterator[Setting]:
    tiny, huge = 1e6 * float(np.finfo(dtype).tiny), 1e-3 * float(np.finfo(dtype).max)
    function = FUNCTIONS[name]

    def f(points: Any) -> Any:
        return np.asarray(function.f(points, get_backend("numpy"), lambda operand: operand))

    with np.errstate(all="ignore"):
        at = np.array(x, dtype)
        step = np.spacing(np.abs(at)).astype(np.float64)
        at = at.astype(np.float64)
        slope = np.asarray(function.derivative(at, get_backend("numpy")))
        seen = (f(at + step) - f(at - step)) / (2 * step)
        keep = (np.abs([f(at), slope]) > tiny).all(axis=0)
        keep &= (np.abs([f(at), slope]) < huge).all(axis=0)
        keep &= (np.abs(seen - slope) < RESOLVED * np.abs(slope)) | (dtype == "float64")
    task = {
        "name": "study", "functions": [name], "x": [p for p, k in zip(x, keep, strict=True) if k],
        "dtypes": [dtype], "noises": noises, "estimators": ["central"],
    }  # fmt: skip
    if keep.any():
        found = StudyConfig.model_validate(task)
        yield from make_settings(found.functions, found.x, found.dtypes, found.noises)


def random_cells(
    title: str, size: int, repeats: int, estimators: tuple[str, ...], *, moved: bool
) -> list[Row]:
    """Measure cells that are drawn at random, the same ones every time.

    Step sizes are log-uniform from ``1000·eps`` of the dtype to ``LARGEST_STEP``.

    Args:
        title: of the bar.
        size: settings, of some five points each, with an estimator, a step size and N.
        repeats: of every estimate.
        estimators: from which they are drawn.
        moved: whether the smallest step size is one that moves every point.
    """
    rng, every, rows = np.random.default_rng(SEED), settings(NOISES), []
    for number in with_bar(title, list(range(size))):
        setting = every[rng.integers(len(every))]
        low, where = 1000 * float(np.finfo(setting.dtype).eps), rng.uniform()
        text, draws = str(rng.choice(estimators)), int(rng.choice(DRAWS))
        if moved:
            rule, farthest = parse_estimator(text), float(np.abs(setting.x).max())
            low = max(low, rule.smallest_epsilon(setting.dtype, farthest))
        epsilon = low * (max(LARGEST_STEP, low) / low) ** where
        source = stream(SEED, Purpose.NOISE, number)
        rows += measure(setting, text, epsilon, draws, repeats, SEED, source)
    return rows
