"""Rounding that hides inside: sums, shifts, narrow intermediate types, switches of formula."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.problems.drawing import Draw
from benchmarks.problems.kinds import Problem, kind, problem
from benchmarks.problems.namespaces import mp


@kind("rounding inside")
def running_sum(d: Draw) -> Problem:
    """Three hundred terms, added one by one: roundings that go together."""
    n, a = 300, d.uniform(0.2, 0.9)
    return problem(
        lambda x, m: sum(m.sin(k * x + a) for k in range(1, n + 1)), d.uniform(0.3, 2.5),
        lambda x: sum(k * mp.cos(k * x + a) for k in range(1, n + 1)),
    )  # fmt: skip


@kind("rounding inside")
def running_product(d: Draw) -> Problem:
    n = 200
    return problem(
        lambda x, m: math.prod((1 + x / k**2 for k in range(1, n + 1)), start=1 + 0 * x),
        d.uniform(0.3, 2.5),
        lambda x: mp.fprod(1 + x / k**2 for k in range(1, n + 1))
        * sum(1 / (k**2 + x) for k in range(1, n + 1)),
    )  # fmt: skip


@kind("rounding inside")
def narrow_argument(d: Draw) -> Problem:
    """The argument goes through a type of half the digits on its way."""
    narrow = np.float16 if d.dtype == "float32" else np.float32
    return problem(
        lambda x, m: m.exp(m.sin(x)), d.uniform(0.2, 1.2), lambda x: mp.cos(x) * mp.exp(mp.sin(x)),
        values=lambda x: np.exp(np.sin(x.astype(narrow).astype(x.dtype))),
    )  # fmt: skip


@kind("rounding inside")
def narrow_result(d: Draw) -> Problem:
    narrow = np.float16 if d.dtype == "float32" else np.float32
    return problem(
        lambda x, m: m.exp(-x), d.uniform(-1, 2), lambda x: -mp.exp(-x),
        values=lambda x: np.exp(-x).astype(narrow),
    )  # fmt: skip


@kind("rounding inside")
def narrow_inside(d: Draw) -> Problem:
    """All of it in a type of half the digits, and a smooth factor in full."""
    narrow = np.float16 if d.dtype == "float32" else np.float32
    return problem(
        lambda x, m: x * m.cos(x), d.uniform(0.2, 0.7), lambda x: mp.cos(x) - x * mp.sin(x),
        values=lambda x: x * np.cos(x.astype(narrow)).astype(x.dtype),
    )  # fmt: skip


@kind("rounding inside")
def shifted_coordinate(d: Draw) -> Problem:
    c = 2.0 ** round(math.log2(1 / d.small(0.2, 0.6)))
    return problem(lambda x, m: m.sin((x + c) - c), d.uniform(0.2, 1.2), mp.cos)


@kind("rounding inside")
def shifted_value(d: Draw) -> Problem:
    """A constant added and taken away again, and a smooth part that is not rounded by it."""
    c = 2.0 ** round(math.log2(1 / d.small(0.2, 0.6)))
    return problem(
        lambda x, m: ((m.sin(x) + c) - c) + x / 4, d.uniform(0.2, 1.2),
        lambda x: mp.cos(x) + 0.25,
    )  # fmt: skip


@kind("rounding inside")
def expanded_power(d: Draw) -> Problem:
    """``(x − 1)ⁿ`` from its expanded coefficients, near its root."""
    n = int(d.by_precision(5, 9))
    coefficients = [math.comb(n, k) * (-1.0) ** (n - k) for k in range(n + 1)]

    def values(x: Any) -> Any:
        total = np.zeros_like(x)
        for c in reversed(coefficients):
            total = total * x + c
        return total

    x = d.exact(1 + d.sign() * d.log(d.by_precision(0.05, 0.01), 0.5))
    return problem(lambda x, m: (x - 1) ** n, x, lambda x: n * (x - 1) ** (n - 1), values=values)


@kind("rounding inside")
def chebyshev_by_coefficients(d: Draw) -> Problem:
    n = int(d.by_precision(8, 20))
    coefficients = np.polynomial.chebyshev.cheb2poly([0.0] * n + [1.0])

    def f(x: Any, m: Any) -> Any:
        total = 0 * x
        for c in reversed(coefficients.tolist()):
            total = total * x + c
        return total

    def slope(x: Any) -> Any:
        angle = mp.acos(x)
        return n * mp.sin(n * angle) / mp.sin(angle)

    return problem(f, d.uniform(-0.95, 0.95), slope)


@kind("rounding inside")
def wilkinson_product(d: Draw) -> Problem:
    """A product of ten factors, beside one of its roots."""
    i, n = d.integer(2, 10), 10
    x = d.exact(i + d.sign() * d.log(1e-4, 0.3))
    return problem(
        lambda x, m: math.prod((x - k for k in range(1, n + 1)), start=1 + 0 * x), x,
        lambda x: mp.fprod(x - k for k in range(1, n + 1))
        * sum(1 / (x - k) for k in range(1, n + 1)),
    )  # fmt: skip


@kind("saturation")
def softplus_tail(d: Draw) -> Problem:
    x = d.uniform(*losing_digits(d))
    return problem(lambda x, m: m.log(1 + m.exp(x)), x, lambda x: 1 / (1 + mp.exp(-x)))


@kind("saturation")
def sigmoid_tail(d: Draw) -> Problem:
    low, high = losing_digits(d)
    return problem(
        lambda x, m: 1 / (1 + m.exp(-x)), d.uniform(-high, -low),
        lambda x: 1 / (2 + mp.exp(x) + mp.exp(-x)),
    )  # fmt: skip


@kind("saturation")
def hyperbolic_tangent_tail(d: Draw) -> Problem:
    low, high = losing_digits(d)
    x = d.uniform(-high / 2, -low / 2)
    return problem(lambda x, m: m.tanh(x), x, lambda x: mp.sech(x) ** 2)


def losing_digits(d: Draw) -> tuple[float, float]:
    """Return between which exponents ``1 + exp(x)`` loses digits, and not yet all of them."""
    return 0.9 * math.log(d.eps), 0.2 * math.log(d.eps)


@kind("saturation")
def log_sum_of_exponentials(d: Draw) -> Problem:
    rates = d.array(-1, 1, 5)
    x = d.log(3, 300)

    def f(x: Any, m: Any) -> Any:
        top = max(rates) * x
        return top + m.log(sum(m.exp(r * x - top) for r in rates))

    def slope(x: Any) -> Any:
        weights = [mp.exp((mp.mpf(r) - max(rates)) * x) for r in rates]
        return sum(r * w for r, w in zip(rates, weights, strict=True)) / sum(weights)

    return problem(f, x, slope)


@kind("saturation")
def error_function_tail(d: Draw) -> Problem:
    x = d.uniform(*(d.by_precision(1, 2), d.by_precision(3, 5)))
    return problem(lambda x, m: 1 - m.erf(x), x, lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x))


@kind("switches of formula")
def series_below_a_threshold(d: Draw) -> Problem:
    """A short series for small arguments, near where it takes over; both slopes are as right."""
    a = d.uniform(0.1, 0.4)
    x = d.exact(a * (1 + d.sign() * d.small(0.05, 0.4)))
    branches = mp.cos(x), 1 - mp.mpf(x) ** 2 / 2
    right = branches if x >= a else branches[::-1]
    return problem(
        lambda x, m: m.where(x < a, x - x * x * x / 6, m.sin(x)), x, *right,
    )  # fmt: skip


@kind("switches of formula")
def accurate_switch(d: Draw) -> Problem:
    """Two formulas that differ by rounding only."""
    a = d.uniform(0.3, 2)
    x = d.exact(a * (1 + d.sign() * d.small(0.1, 0.5)))
    return problem(
        lambda x, m: m.where(x < a, 2 * m.atan(m.sqrt(1 + x * x) - x), m.atan(1 / x)), x,
        lambda x: -1 / (1 + x * x),
    )  # fmt: skip


@kind("switches of formula")
def mismatched_switch(d: Draw) -> Problem:
    """An asymptotic formula that is slightly off where it takes over: a jump beside x."""
    a = d.uniform(2, 4)
    off = d.small(0.15, 0.4)
    x = d.exact(a * (1 + d.sign() * d.small(0.05, 0.4)))
    return problem(lambda x, m: m.sqrt(x) * m.where(x < a, 1.0, 1 + off), x,
        lambda x: (1 if x < a else 1 + mp.mpf(off)) / (2 * mp.sqrt(x)))  # fmt: skip


@kind("switches of formula")
def angle_at_its_cut(d: Draw) -> Problem:
    """An angle, where it jumps from π to −π beside x."""
    x = d.exact(math.pi + d.sign() * d.small(0.05, 0.4))
    return problem(lambda x, m: m.atan2(m.sin(x), m.cos(x)), x, 1)


@kind("switches of formula")
def arccosine_of_cosine(d: Draw) -> Problem:
    x = d.sign() * d.small(0.05, 0.35)
    return problem(lambda x, m: m.acos(m.cos(x)), x, mp.sign)


@kind("switches of formula")
def logarithm_near_one(d: Draw) -> Problem:
    x = d.exact(1 + d.sign() * d.small(0.1, 0.8))
    return problem(lambda x, m: m.log(x), x, lambda x: 1 / x)
