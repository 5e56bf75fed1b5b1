"""Integrals as sums: smooth ones, staircases and polygons."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.problems.drawing import Draw
from benchmarks.problems.kinds import Problem, kind, problem
from benchmarks.problems.namespaces import mp


@kind("integrals")
def trapezoidal_rule(d: Draw) -> Problem:
    nodes = [k / 64 for k in range(65)]
    weights = [(0.5 if k in (0, 64) else 1.0) / 64 for k in range(65)]
    pairs = list(zip(nodes, weights, strict=True))
    return problem(
        lambda x, m: sum(w * m.exp(-x * (t * t)) for t, w in pairs), d.uniform(0.3, 5),
        lambda x: -sum(w * mp.mpf(t) ** 2 * mp.exp(-x * mp.mpf(t) ** 2) for t, w in pairs),
    )  # fmt: skip


@kind("integrals")
def riemann_sum_to_x(d: Draw) -> Problem:
    """The nodes below x are counted: a staircase whose curve is the integral."""
    h = 2.0 ** -d.rng.integers(5, 10)
    return problem(
        lambda x, m: m.sin(x), d.uniform(0.3, 1.2), mp.cos, 0,
        values=lambda x: _partial_sum(x, h),
    )  # fmt: skip


def _partial_sum(x: Any, h: float) -> Any:
    """Return the midpoint rule for the integral of cos over the cells whose middle is below x."""
    middles = h * (np.arange(round(4 / h)) - round(1 / h) + 0.5)
    sums = np.concatenate([[0.0], np.cumsum(h * np.cos(middles))])
    return sums[np.searchsorted(middles, x)] - math.sin(1)


@kind("integrals")
def integral_over_a_kink(d: Draw) -> Problem:
    """``∫|t − x|dt`` over [0, 1] by the midpoint rule: a polygon with many corners."""
    n = int(2 ** d.rng.integers(5, 12))
    middles = (np.arange(n) + 0.5) / n
    x = d.exact((d.rng.integers(n // 4, n // 2 - 2) + d.rng.uniform(0.55, 1.45)) / n)
    chord = float((np.sign(x - middles)).mean())

    def values(x: Any) -> Any:
        return abs(x[..., None] - middles.astype(x.dtype)).mean(axis=-1)

    return problem(
        lambda x, m: sum(abs(x - t) for t in middles.tolist()) / n, x, chord,
        lambda x: 2 * x - 1, values=values,
    )  # fmt: skip


@kind("integrals")
def monte_carlo_with_common_numbers(d: Draw) -> Problem:
    """The same draws for every x: as smooth as its integrand."""
    u = d.array(0, 1, 100)
    return problem(
        lambda x, m: sum(m.sin(x * v) for v in u) / 100, d.uniform(0.5, 3),
        lambda x: sum(mp.mpf(v) * mp.cos(x * v) for v in u) / 100,
    )  # fmt: skip


@kind("integrals")
def empirical_distribution(d: Draw) -> Problem:
    """The share of fixed draws below x: steps of irregular width, whose curve is a line."""
    n = 2 ** d.integer(10, 14)
    draws = (np.arange(n) + d.rng.random(n)) / n
    return problem(
        lambda x, m: x, d.uniform(0.3, 0.7), 1, 0,
        values=lambda x: np.searchsorted(draws, x) / n,
    )  # fmt: skip
