"""Minima of noisy functions by L-BFGS-B: with ``as_jac``, SciPy's differences, numdifftools."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.problems.drawing import generator
from benchmarks.problems.least_squares import PROBLEMS
from benchmarks.verdict import Row, Verdict, show_rows, show_verdicts, with_bar, write_rows

NOISES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
"""Standard deviations over the decrease from the start to the minimum; the problems take turns."""
FLOOR = 3.0
"""Times the noise: how far above the minimum a point may be that counts as one."""


class Noisy:
    """A sum of squares with noise of its own, that counts its values."""

    def __init__(self, residuals: Callable[[Any], Any], rng: np.random.Generator) -> None:
        self._residuals, self._rng = residuals, rng
        self.sigma, self.nfev = 0.0, 0

    def exact(self, x: Any) -> Any:
        """Return the value without noise; 1e300 where it overflows."""
        with np.errstate(all="ignore"):
            value = (self._residuals(np.asarray(x, float)) ** 2).sum(axis=-1)
        return np.nan_to_num(value, nan=1e300, posinf=1e300)

    def __call__(self, x: Any) -> Any:
        """Return values with noise at points of shape ``(…, d)``."""
        value = self.exact(x)
        self.nfev += np.size(value)
        return value + self.sigma * self._rng.standard_normal(np.shape(value))


def lowest(residuals: Callable[[Any], Any], start: Any) -> float:
    """Return the value of the minimum that a descent without noise reaches."""
    from scipy.optimize import least_squares, minimize

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = least_squares(residuals, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=5000)
        value = Noisy(residuals, generator(0)).exact
        other = minimize(
            value, start, method="L-BFGS-B", options={"maxiter": 5000, "maxfun": 10**6}
        )
        # From there on: least squares may have gone to another minimum than a descent does.
        ends = [minimize(value, p, method="Nelder-Mead", tol=1e-14).fun for p in (found.x, other.x)]
    return float(max(ends) if abs(ends[0] - ends[1]) > 1e-3 * (1 + abs(ends[1])) else min(ends))


def descend(name: str, f: Noisy, start: Any, seed: int) -> Any:
    """Return the last point of a descent."""
    from scipy.optimize import minimize

    # Until the line search finds no lower value: a small decrease may be noise.
    options = {"maxiter": 2000, "maxfun": 100_000, "ftol": 0.0, "gtol": 0.0}
    if name == "stochgrad":
        from stochgrad import as_jac

        jac = as_jac(f, vectorized=True, seed=seed)
        found = minimize(jac.value_and_gradient, start, jac=True, method="L-BFGS-B",
                         callback=jac.stop_at_noise, options=options)  # fmt: skip
        return found.x
    if name == "numdifftools":
        import numdifftools

        slope = numdifftools.Gradient(f)
        return minimize(f, start, jac=slope, method="L-BFGS-B", options=options).x
    return minimize(f, start, method="L-BFGS-B", options=options).x


def main(*, seed: int = 0, output: str = "") -> None:
    """Print how far above the minimum each ends, in units of the noise, and its evaluations.

    Args:
        seed: any integer; draws the noise.
        output: a JSON file for the same.
    """
    names = ["stochgrad", "scipy"]
    names += ["numdifftools"] if importlib.util.find_spec("numdifftools") else []
    table: list[Row] = []
    reached = dict.fromkeys(names, 0)
    for number, (title, (residuals, start)) in enumerate(
        with_bar("minima", list(PROBLEMS.items()))
    ):
        start = np.asarray(start, float)
        low = lowest(residuals, start)
        noise = NOISES[number % len(NOISES)]
        row: Row = {"problem": title, "variables": len(start), "noise": f"{noise:g}"}
        for name in names:
            f = Noisy(residuals, generator(seed, number))
            f.sigma = noise * (float(f.exact(start)) - low)
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                end = descend(name, f, start, number)
            above = (float(f.exact(end)) - low) / f.sigma
            reached[name] += above <= FLOOR
            row |= {name: above, f"{name} nfev": f.nfev}
        table.append(row)
    within: Row = {"problem": f"problems within {FLOOR:g}", "variables": "", "noise": ""}
    for name in names:
        within |= {name: reached[name], f"{name} nfev": sum(r[f"{name} nfev"] for r in table)}
    table.append(within)
    title = f"L-BFGS-B: value above the minimum over the noise, seed={seed}"
    show_rows(title, table, list(table[0]))
    write_rows(output, title, table)
    show_verdicts(
        f"Minima to {FLOOR:g} times the noise, of {len(PROBLEMS)} problems",
        [Verdict("stochgrad", reached["stochgrad"], 18),
         *(Verdict(name, n) for name, n in reached.items() if name != "stochgrad")],
        "noise: over the decrease from the start to the minimum",
    )  # fmt: skip
