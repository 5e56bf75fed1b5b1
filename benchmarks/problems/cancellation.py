"""Differences of nearly equal numbers, and the holes that they leave."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.problems.drawing import Draw
from benchmarks.problems.kinds import Problem, kind, problem
from benchmarks.problems.namespaces import mp


@kind("cancellation")
def cosine_quotient(d: Draw) -> Problem:
    return problem(
        lambda x, m: (1 - m.cos(x)) / x**2, d.small(),
        lambda x: (x * mp.sin(x) - 2 * (1 - mp.cos(x))) / x**3,
    )  # fmt: skip


@kind("cancellation")
def exponential_quotient(d: Draw) -> Problem:
    return problem(
        lambda x, m: (m.exp(x) - 1) / x, d.sign() * d.small(),
        lambda x: (x * mp.exp(x) - mp.expm1(x)) / x**2,
    )  # fmt: skip


@kind("cancellation")
def logarithm_quotient(d: Draw) -> Problem:
    return problem(
        lambda x, m: m.log(1 + x) / x, d.small(),
        lambda x: (x / (1 + x) - mp.log1p(x)) / x**2,
    )  # fmt: skip


@kind("cancellation")
def tangent_minus_sine(d: Draw) -> Problem:
    return problem(
        lambda x, m: (m.tan(x) - m.sin(x)) / x**3, d.small(0.03, 0.4),
        lambda x: (1 / mp.cos(x) ** 2 - mp.cos(x)) / x**3 - 3 * (mp.tan(x) - mp.sin(x)) / x**4,
    )  # fmt: skip


@kind("cancellation")
def root_quotient(d: Draw) -> Problem:
    return problem(
        lambda x, m: (m.sqrt(1 + x) - 1) / x, d.small(),
        lambda x: (x / (2 * mp.sqrt(1 + x)) - mp.sqrt(1 + x) + 1) / x**2,
    )  # fmt: skip


@kind("cancellation")
def hyperbolic_sine_quotient(d: Draw) -> Problem:
    return problem(
        lambda x, m: (m.sinh(x) - x) / x**3, d.small(0.03, 0.4),
        lambda x: (mp.cosh(x) - 1) / x**3 - 3 * (mp.sinh(x) - x) / x**4,
    )  # fmt: skip


@kind("cancellation")
def difference_of_squares(d: Draw) -> Problem:
    a = d.log(0.5, 50)
    return problem(
        lambda x, m: ((a + x) ** 2 - (a + 0 * x) ** 2) / x, d.sign() * d.small(0.1, 0.6), 1
    )


@kind("cancellation")
def difference_of_logarithms(d: Draw) -> Problem:
    a = d.exact(d.log(1, 10) / d.small(0.2, 0.6))
    return problem(
        lambda x, m: m.log(a + x) - m.log(a + 0 * x), d.log(0.3, 3), lambda x: 1 / (a + x)
    )


@kind("cancellation")
def quadratic_root(d: Draw) -> Problem:
    """Smaller root by the textbook's formula."""
    b = d.exact(1 / d.small(0.1, 0.4))
    return problem(
        lambda x, m: (m.sqrt((b + 0 * x) ** 2 + 4 * x) - b) / 2, d.log(0.3, 3),
        lambda x: 1 / mp.sqrt(mp.mpf(b) ** 2 + 4 * x),
    )  # fmt: skip


@kind("cancellation")
def variance_of_moments(d: Draw) -> Problem:
    """Mean square minus squared mean, of numbers with a large mean."""
    offset = d.exact(1 / d.small(0.05, 0.3))
    base, weight = d.array(-1, 1, 8), d.array(0.2, 1, 8)

    def f(x: Any, m: Any) -> Any:
        data = [0 * x + offset + b + w * x for b, w in zip(base, weight, strict=True)]
        mean = sum(data) / 8
        return sum(u * u for u in data) / 8 - mean * mean

    def slope(x: Any) -> Any:
        data = [mp.mpf(b) + mp.mpf(w) * x for b, w in zip(base, weight, strict=True)]
        pairs = zip(data, weight, strict=True)
        return 2 * (sum(u * w for u, w in pairs) / 8 - sum(data) * mp.fsum(weight) / 64)

    return problem(f, d.uniform(0.5, 2), slope)


@kind("cancellation")
def needle_triangle(d: Draw) -> Problem:
    """Heron's area, the third side nearly as long as the other two together."""
    a, b = d.uniform(0.5, 2), d.uniform(0.5, 2)
    x = d.exact((a + b) * (1 - d.small(0.1, 0.5)))

    def f(c: Any, m: Any) -> Any:
        s = (c + a + b) / 2
        return m.sqrt(s * (s - a) * (s - b) * (s - c))

    def slope(c: Any) -> Any:
        p, q, r = mp.mpf(a) + b, mp.mpf(a) - b, c * c
        return c * (p * p + q * q - 2 * r) / (4 * mp.sqrt((p * p - r) * (r - q * q)))

    return problem(f, x, slope)


@kind("cancellation")
def alternating_series(d: Draw) -> Problem:
    """exp(−x), summed as its power series."""

    def values(x: Any) -> Any:
        term, total = np.ones_like(x), np.ones_like(x)
        for n in range(1, 80):
            term = term * (-x / n)
            total = total + term
        return total

    x = d.uniform(0.5, d.by_precision(4, 12))
    return problem(lambda x, m: m.exp(-x), x, lambda x: -mp.exp(-x), values=values)


@kind("removable singularities")
def filled_sine_quotient(d: Draw) -> Problem:
    a, b = d.log(0.1, 10), d.sign() * d.log(0.1, 10)
    return problem(
        lambda x, m: m.where(x == 0, a, m.divide(m.sin(a * x), x)) * (1 + b * x), 0.0,
        mp.mpf(a) * b,
    )  # fmt: skip


@kind("removable singularities")
def derivative_of_sinc(d: Draw) -> Problem:
    a = d.log(0.3, 30)
    return problem(
        lambda x, m: m.where(
            x == 0, 0.0, m.divide(a * x * m.cos(a * x) - m.sin(a * x), a * x * x)
        ),
        0.0, -(mp.mpf(a) ** 2) / 3,
    )  # fmt: skip


@kind("removable singularities")
def bernoulli_function(d: Draw) -> Problem:
    a = d.log(0.1, 10)
    return problem(
        lambda x, m: m.where(x == 0, 1.0, m.divide(a * x, m.exp(a * x) - 1)), 0.0, -mp.mpf(a) / 2
    )


@kind("removable singularities")
def filled_polynomial_quotient(d: Draw) -> Problem:
    a = d.uniform(0.5, 2)
    return problem(
        lambda x, m: m.where(x == a, 2 * a, m.divide(x**2 - (a + 0 * x) ** 2, x - a)), a, 1
    )


@kind("removable singularities")
def logarithm_over_distance(d: Draw) -> Problem:
    a = d.log(0.3, 3)
    return problem(
        lambda x, m: m.where(x == 1, a, m.divide(a * m.log(x), x - 1)), 1.0, -mp.mpf(a) / 2
    )


@kind("removable singularities")
def hole_at_x(d: Draw) -> Problem:
    """No value at x itself, a smooth function beside it."""
    a = d.uniform(0.3, 1.3)
    return problem(
        lambda x, m: m.sin(x), a, mp.cos,
        values=lambda x: np.where(x == np.asarray(a), math.nan, np.sin(x)),
    )  # fmt: skip


@kind("removable singularities")
def wrong_value_at_x(d: Draw) -> Problem:
    """A value at x itself that the function does not approach: 0, as where 0/0 is caught."""
    a = d.uniform(0.3, 1.3)
    return problem(
        lambda x, m: m.sin(x), a, mp.cos, mp.cos, differentiable=False,
        values=lambda x: np.where(x == np.asarray(a), 0.0, np.sin(x)),
    )  # fmt: skip
