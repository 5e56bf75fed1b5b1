"""What other programs make of the same noisy functions with the same number of evaluations."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad import derivative
from stochgrad.suite.tasks.result import Row
from stochgrad.suite.tasks.setting import Setting

F = Callable[[Any], Any]
Floats = NDArray[np.float64]

MOST_REPEATS = 100
"""Evaluations of one case: baselines are called one repeat at a time."""


class Counted:
    """A scalar or elementwise function that counts the values it was asked for."""

    def __init__(self, f: F) -> None:
        self._f = f
        self.values = 0

    def __call__(self, x: Any) -> Any:
        """Return f(x)."""
        self.values += np.size(x)
        return self._f(x)


def _scipy(f: F, x: float) -> float:
    from scipy.differentiate import derivative

    return float(derivative(f, x).df)


def _numdifftools(f: F, x: float) -> float:
    import numdifftools

    return float(numdifftools.Derivative(f)(x))


def _jacobi(f: F, x: float) -> float:
    import jacobi

    return float(jacobi.jacobi(f, x)[0])


REFERENCE = "stochgrad"
BASELINES: dict[str, Callable[[F, float], float]] = {
    "scipy": _scipy,
    "numdifftools": _numdifftools,
    "jacobi": _jacobi,
}
METHODS = (REFERENCE, *BASELINES)


def installed() -> list[str]:
    """Return the baselines that are installed: numdifftools and jacobi are optional."""
    return [name for name in BASELINES if importlib.util.find_spec(name)]


def compare(
    setting: Setting,
    budgets: list[int],
    repeats: int,
    seed: int,
    source: np.random.Generator,
    most: int = MOST_REPEATS,
) -> list[Row]:
    """Measure all methods at every point of a setting, each with its own defaults.

    A baseline that needs fewer evaluations than it may spend is called as often as it can, and its
    results are averaged: the best that it can do with noise.
    """
    rows = []
    for i in range(len(setting.x)):
        for budget in budgets:
            found = {REFERENCE: _reference(setting, i, budget, repeats, seed, source)}
            for name in installed():
                found[name] = _baseline(name, setting, i, budget, min(repeats, most), source)
            rows += [_row(setting, i, budget, name, *result) for name, result in found.items()]
    return rows


def _row(setting: Setting, i: int, budget: int, method: str, estimates: Floats, nfev: float) -> Row:
    error = estimates - setting.exact[i]
    return {
        "function": setting.function,
        "x": float(setting.x[i]),
        "dtype": setting.dtype,
        "noise": setting.noise,
        "method": method,
        "budget": budget,
        "nfev": nfev,
        "rmse": float(np.sqrt(np.mean(error**2))),
        "exact": float(setting.exact[i]),
    }


def _at(setting: Setting, i: int, source: np.random.Generator) -> F:
    """Return the noisy function near one point, on arrays of any shape."""
    target = setting.only(slice(i, i + 1)).target(source)
    return lambda x: target(np.asarray(x, np.float64)[..., None, None])[..., 0, 0]


def _reference(
    setting: Setting, i: int, budget: int, repeats: int, seed: int, source: np.random.Generator
) -> tuple[Floats, float]:
    found = derivative(
        _at(setting, i, source), float(setting.x[i]), seed=seed, seeds=repeats,
        max_evaluations=budget,
    )  # fmt: skip
    return found.df, float(found.nfev.mean())


def _baseline(
    name: str, setting: Setting, i: int, budget: int, repeats: int, source: np.random.Generator
) -> tuple[Floats, float]:
    f, x = Counted(_at(setting, i, source)), float(setting.x[i])
    estimates, spent = [], 0
    with np.errstate(all="ignore"):
        for _ in range(repeats):
            f.values, calls = 0, list[float]()
            while not calls or f.values + f.values / len(calls) <= budget:
                try:
                    calls.append(BASELINES[name](f, x))
                except (ValueError, FloatingPointError, np.linalg.LinAlgError):
                    calls.append(float("nan"))
            estimates.append(np.mean(calls))
            spent += f.values
    return np.array(estimates), spent / repeats
