"""Values that an iteration computes: roots, and solutions of differential equations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.problems.drawing import Draw
from benchmarks.problems.kinds import Problem, kind, problem
from benchmarks.problems.namespaces import mp

CUBIC_START = 4.0
"""A bracket's end above all roots of y³ + y = a here."""


def _cubic_root(a: Any, m: Any) -> Any:
    """Return y with y³ + y = a."""
    half = a / 2
    root = m.sqrt(half * half + m.divide(1 + 0 * a, 27 + 0 * a))
    return m.cbrt(half + root) + m.cbrt(half - root)


def _cubic_slope(a: Any) -> Any:
    y = mp.findroot(lambda y: y**3 + y - a, mp.mpf(1))
    return 1 / (3 * y * y + 1)


def _bisect(a: Any, steps: int) -> Any:
    low, high = np.zeros_like(a), np.full_like(a, CUBIC_START)
    for _ in range(steps):
        middle = (low + high) / 2
        below = middle**3 + middle < a
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


@kind("root finding")
def bisection(d: Draw) -> Problem:
    """A root of y³ + y = x, bisected to a tolerance: a staircase."""
    steps = d.integer(12, d.by_precision(18, 34))
    return problem(
        _cubic_root, d.uniform(0.5, 20), _cubic_slope, 0, values=lambda x: _bisect(x, steps)
    )


@kind("root finding")
def bisection_times_factor(d: Draw) -> Problem:
    steps = d.integer(12, d.by_precision(18, 28))
    x = d.uniform(0.5, 20)
    level = float(_bisect(np.array(x, d.dtype), steps))
    return problem(
        lambda x, m: m.sqrt(x) * _cubic_root(x, m), x,
        lambda x: _cubic_root_exact(x) / (2 * mp.sqrt(x)) + mp.sqrt(x) * _cubic_slope(x),
        lambda x: level / (2 * mp.sqrt(x)), values=lambda x: np.sqrt(x) * _bisect(x, steps),
    )  # fmt: skip


def _cubic_root_exact(a: Any) -> Any:
    return mp.findroot(lambda y: y**3 + y - a, mp.mpf(1))


@kind("root finding")
def newton_with_tolerance(d: Draw) -> Problem:
    """Newton's method that stops at a tolerance: errors that jump where its last step drops out.

    Right are the slope of the root, and that of as many iterations as there are at x.
    """
    tolerance = math.sqrt(d.eps) * d.log(0.01, 1)

    def values(a: Any) -> Any:
        y = np.maximum(a, 1)
        for _ in range(60):
            step = (y**3 + y - a) / (3 * y * y + 1)
            y = np.where(abs(step) > tolerance, y - step, y)
        return y

    def branch(a: Any) -> Any:
        y, slope = max(a, mp.mpf(1)), mp.mpf(1 if a > 1 else 0)
        for _ in range(60):
            below = 3 * y * y + 1
            step = (y**3 + y - a) / below
            if abs(step) <= tolerance:
                break
            y, slope = y - step, (1 + 6 * y * slope * step) / below
        return slope

    return problem(_cubic_root, d.uniform(0.5, 20), _cubic_slope, branch, values=values)


@kind("root finding")
def fixed_point_iteration(d: Draw) -> Problem:
    """Kepler's equation, iterated to a tolerance."""
    e, tolerance = d.uniform(0.1, 0.5), d.eps * d.log(10, 1e4)

    def values(x: Any) -> Any:
        y = x
        for _ in range(200):
            new = x + e * np.sin(y)
            y = np.where(abs(new - y) > tolerance, new, y)
        return y

    def root(x: Any) -> Any:
        return mp.findroot(lambda y: y - mp.mpf(e) * mp.sin(y) - x, mp.mpf(x))

    def branch(x: Any) -> Any:
        y, slope = x, mp.mpf(1)
        for _ in range(200):
            new = x + e * mp.sin(y)
            if abs(new - y) <= tolerance:
                break
            y, slope = new, 1 + e * mp.cos(y) * slope
        return slope

    return problem(
        lambda x, m: root(x), d.uniform(0.5, 2.5), lambda x: 1 / (1 - e * mp.cos(root(x))), branch,
        values=values,
    )  # fmt: skip


@kind("root finding")
def square_root_by_newton(d: Draw) -> Problem:
    """Enough iterations for all digits, the same number everywhere."""

    def f(x: Any, m: Any) -> Any:
        y = (1 + x) / 2
        for _ in range(12):
            y = (y + x / y) / 2
        return y

    return problem(
        lambda x, m: m.sqrt(x), d.log(0.1, 10), lambda x: 1 / (2 * mp.sqrt(x)),
        values=lambda x: f(x, np),
    )  # fmt: skip


def _stability(z: Any) -> Any:
    """Return by what a step of the classical Runge–Kutta method multiplies the solution."""
    return 1 + z * (1 + z / 2 * (1 + z / 3 * (1 + z / 4)))


def _stability_slope(z: Any) -> Any:
    return 1 + z * (1 + z / 2 * (1 + z / 3))


@kind("differential equations")
def runge_kutta_with_fixed_steps(d: Draw) -> Problem:
    n = d.integer(10, 200)

    def values(x: Any) -> Any:
        y, h = np.ones_like(x), 1.0 / n
        for _ in range(n):
            k1 = -x * y
            k2 = -x * (y + h / 2 * k1)
            k3 = -x * (y + h / 2 * k2)
            k4 = -x * (y + h * k3)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return y

    return problem(
        lambda x, m: _stability(-x / n) ** n, d.uniform(0.3, 3),
        lambda x: -(_stability(-x / n) ** (n - 1)) * _stability_slope(-x / n), values=values,
    )  # fmt: skip


@kind("differential equations")
def steps_halved_to_a_tolerance(d: Draw) -> Problem:
    """Runge–Kutta with as many steps as the rate needs, a power of two: a jump beside x."""
    level = d.integer(2, 5)
    edge = float(2**level)
    x = d.exact(edge * (1 + d.sign() * d.small(0.05, 0.3)))
    rate = 0.25

    def values(x: Any) -> Any:
        n = 2.0 ** np.ceil(np.log2(x))
        return _stability(-rate * x / n) ** n

    def ideal(x: Any, m: Any) -> Any:
        n = 2**level if at <= edge else 2 ** (level + 1)
        return _stability(-rate * x / n) ** n

    def slope(x: Any) -> Any:
        n = 2**level if x <= edge else 2 ** (level + 1)
        return -rate * _stability(-rate * x / n) ** (n - 1) * _stability_slope(-rate * x / n)

    at = x
    return problem(ideal, x, slope, values=values)


@kind("differential equations")
def euler_with_a_last_partial_step(d: Draw) -> Problem:
    """To the time x: a polygon."""
    dt = 2.0 ** -d.rng.integers(5, 11)
    x = d.exact(dt * (d.rng.integers(10, 30) + d.rng.uniform(0.05, 0.95)))
    n = math.floor(x / dt)
    kept = 1 - mp.mpf(dt)
    curve = mp.log(kept) / dt * kept ** (mp.mpf(x) / dt)
    mean = (mp.sinh(mp.log(kept) / 2) / (mp.log(kept) / 2)) ** 2

    def values(x: Any) -> Any:
        n = np.floor(x / dt)
        return (1 - dt) ** n * (1 - (x - n * dt))

    return problem(
        lambda x, m: (1 - dt) ** n * (1 - (x - n * dt)), x, -(kept**n), curve, curve * mean,
        values=values,
    )  # fmt: skip


@kind("differential equations")
def euler_with_whole_steps(d: Draw) -> Problem:
    """To the last whole step before the time x: a staircase."""
    dt = 2.0 ** -d.rng.integers(6, 13)
    x = d.uniform(0.3, 2)
    kept = 1 - mp.mpf(dt)
    curve = mp.log(kept) / dt * kept ** (mp.mpf(x) / dt)
    return problem(
        lambda x, m: (1 - dt) ** (x / dt), x, curve, 0, curve * (1 - 1 / kept) / mp.log(kept),
        values=lambda x: (1 - dt) ** np.floor(x / dt),
    )  # fmt: skip


@kind("differential equations")
def chaotic_map(d: Draw) -> Problem:
    """Iterations of the logistic map: a slope that grows with their number."""
    n, a = d.integer(4, d.by_precision(9, 22)), 3.75
    start = d.uniform(0.2, 0.4)

    def f(x: Any, m: Any) -> Any:
        y = x
        for _ in range(n):
            y = a * y * (1 - y)
        return y

    def slope(x: Any) -> Any:
        y, product = x, mp.mpf(1)
        for _ in range(n):
            y, product = a * y * (1 - y), product * a * (1 - 2 * y)
        return product

    return problem(f, start, slope)
