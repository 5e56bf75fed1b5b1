"""Kinks, jumps and corners, at x and near it, and ends of the domain."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.problems.drawing import Draw
from benchmarks.problems.kinds import Problem, kind, problem
from benchmarks.problems.namespaces import mp


@kind("no derivative at x")
def rectifier(d: Draw) -> Problem:
    a = d.log(0.1, 10)
    return problem(
        lambda x, m: m.where(x > 0, a * x, 0 * x), 0.0, 0, a, differentiable=False
    )  # fmt: skip


@kind("no derivative at x")
def leaky_rectifier(d: Draw) -> Problem:
    a, b = d.uniform(0.01, 0.5), d.uniform(0.5, 2)
    return problem(
        lambda x, m: m.where(x > 0, x, b * x) * a, 0.0, mp.mpf(a) * b, a, differentiable=False
    )


@kind("no derivative at x")
def absolute_value(d: Draw) -> Problem:
    a, b = d.uniform(-3, 3), d.uniform(0.2, 2)
    return problem(
        lambda x, m: m.sin(x) + b * abs(x - a), a,
        lambda x: mp.cos(x) - b, lambda x: mp.cos(x) + b, differentiable=False,
    )  # fmt: skip


@kind("no derivative at x")
def slight_kink(d: Draw) -> Problem:
    a, b = d.uniform(0.3, 1.2), d.small(0.1, 0.3)
    return problem(
        lambda x, m: m.sin(x) + b * abs(x - a), a,
        lambda x: mp.cos(x) - b, lambda x: mp.cos(x) + b, differentiable=False,
    )  # fmt: skip


@kind("no derivative at x")
def larger_of_two(d: Draw) -> Problem:
    """The larger of two curves, where they cross."""
    a, b = d.uniform(0.3, 2), d.uniform(-2, -0.3)
    return problem(
        lambda x, m: m.where(m.sin(a * x) > b * x, m.sin(a * x), b * x), 0.0, b, a,
        differentiable=False,
    )  # fmt: skip


@kind("no derivative at x")
def jump(d: Draw) -> Problem:
    a, height = d.uniform(0.3, 1.2), d.sign() * d.uniform(0.1, 1)
    return problem(
        lambda x, m: m.sin(x), a, mp.cos, mp.cos, differentiable=False,
        values=lambda x: np.sin(x) + height * (x > np.asarray(a)),
    )  # fmt: skip


@kind("no derivative at x")
def slight_jump(d: Draw) -> Problem:
    a, height = d.uniform(0.3, 1.2), d.small(0.2, 0.5)
    return problem(
        lambda x, m: m.sin(x), a, mp.cos, mp.cos, differentiable=False,
        values=lambda x: np.sin(x) + height * (x > np.asarray(a)),
    )  # fmt: skip


@kind("no derivative at x")
def cusp(d: Draw) -> Problem:
    a = d.uniform(-2, 2)
    return problem(lambda x, m: m.sqrt(abs(x - a)), a, -math.inf, math.inf, differentiable=False)


@kind("no derivative at x")
def vertical_tangent(d: Draw) -> Problem:
    a = d.uniform(-2, 2)
    return problem(lambda x, m: m.cbrt(x - a), a, math.inf, math.inf, differentiable=False)


@kind("kinks near x")
def rectifier_near_its_kink(d: Draw) -> Problem:
    a, side = d.uniform(0.3, 3), d.sign()
    x = d.exact(a + side * d.small(0.05, 0.5))
    return problem(
        lambda x, m: m.sin(x) + m.where(x > a, x - a, 0 * x), x,
        lambda x: mp.cos(x) + (1 if x > a else 0),
    )  # fmt: skip


@kind("kinks near x")
def distance_near_its_kink(d: Draw) -> Problem:
    a, b = d.uniform(0.3, 3), d.uniform(0.2, 2)
    x = d.exact(a + d.sign() * d.log(1e-3, 0.3))
    return problem(
        lambda x, m: m.exp(-x) + b * abs(x - a), x, lambda x: b * mp.sign(x - a) - mp.exp(-x)
    )


@kind("kinks near x")
def jump_near_x(d: Draw) -> Problem:
    a, height = d.uniform(0.3, 1.2), d.sign() * d.log(1e-3, 1)
    x = d.exact(a + d.sign() * d.small(0.05, 0.5))
    return problem(lambda x, m: m.sin(x) + m.where(x > a, height, 0.0), x, mp.cos)


@kind("kinks near x")
def clipped_line(d: Draw) -> Problem:
    """A line that is cut off a little further on, as at 0.9 where 1 is the end."""
    a, b = d.uniform(0.5, 2), d.uniform(0.1, 1)
    x = d.exact(a * (1 - d.log(1e-3, 0.2)))
    return problem(lambda x, m: m.where(x < a, x, a) + b * m.cos(x), x, lambda x: 1 - b * mp.sin(x))


@kind("kinks near x")
def sawtooth(d: Draw) -> Problem:
    period = 2.0 ** -d.rng.integers(0, 8)
    x = d.exact(period * (d.rng.integers(1, 9) + d.rng.uniform(0.05, 0.95)))
    return problem(lambda x, m: x / period - m.floor(x / period), x, 1 / mp.mpf(period))


@kind("kinks near x")
def triangle_wave(d: Draw) -> Problem:
    period = 2.0 ** -d.rng.integers(0, 8)
    phase = d.rng.uniform(0.05, 0.45) + d.rng.choice([0.0, 0.5])
    x = d.exact(period * (d.rng.integers(1, 9) + phase))
    return problem(
        lambda x, m: abs(x / period - m.floor(x / period) - 0.5), x,
        (1 if phase > 0.5 else -1) / mp.mpf(period),
    )  # fmt: skip


@kind("kinks near x")
def median_of_three(d: Draw) -> Problem:
    """A line, and two curves that take over beside it."""
    gap = d.log(1e-4, 0.3)
    return problem(
        lambda x, m: m.where(x > gap, gap + (x - gap) / 8, m.where(x < -gap, x / 8 - gap, x))
        + m.exp(x),
        0.0, 2,
    )  # fmt: skip


@kind("corners of the derivative")
def signed_square(d: Draw) -> Problem:
    a, b = d.uniform(-2, 2), d.uniform(0.2, 2)
    return problem(lambda x, m: b * (x - a) + (x - a) * abs(x - a), a, b)


@kind("corners of the derivative")
def huber_loss(d: Draw) -> Problem:
    a = d.uniform(0.3, 2)
    return problem(
        lambda x, m: m.where(abs(x) < a, x * x / 2, a * (abs(x) - a / 2)), d.sign() * a,
        lambda x: x,
    )  # fmt: skip


@kind("corners of the derivative")
def exponential_linear_unit(d: Draw) -> Problem:
    b = d.uniform(0.2, 2)
    return problem(lambda x, m: b * m.where(x > 0, x, m.exp(x) - 1), 0.0, b)


@kind("corners of the derivative")
def power_three_halves(d: Draw) -> Problem:
    a, b = d.uniform(-2, 2), d.uniform(0.2, 2)
    return problem(lambda x, m: b * x + abs(x - a) * m.sqrt(abs(x - a)), a, b)


@kind("corners of the derivative")
def parabolas_joined_near_x(d: Draw) -> Problem:
    a, c = d.uniform(0.5, 2), d.uniform(1, 30)
    x = d.exact(a + d.sign() * d.log(1e-5, 0.1))
    return problem(
        lambda x, m: x + m.where(x > a, c * (x - a) * (x - a), 0 * x), x,
        lambda x: 1 + (2 * c * (x - a) if x > a else 0),
    )  # fmt: skip


@kind("corners of the derivative")
def smoothstep_near_its_end(d: Draw) -> Problem:
    b = d.uniform(0.2, 2)
    x = d.exact(1 - d.sign() * d.log(1e-4, 0.1))
    return problem(
        lambda x, m: b * x + m.where(x > 1, 1 + 0 * x, x * x * (3 - 2 * x)), x,
        lambda x: b + (6 * x * (1 - x) if x < 1 else 0),
    )  # fmt: skip


@kind("domain edges")
def root_near_its_edge(d: Draw) -> Problem:
    a = d.uniform(0.3, 3)
    x = d.exact(a + d.small(0.06, 0.5))
    return problem(lambda x, m: m.sqrt(x - a), x, lambda x: 1 / (2 * mp.sqrt(x - a)))


@kind("domain edges")
def logarithm_near_its_edge(d: Draw) -> Problem:
    a = d.uniform(0.3, 3)
    x = d.exact(a + d.small(0.06, 0.5))
    return problem(lambda x, m: m.log(x - a), x, lambda x: 1 / (x - a))


@kind("domain edges")
def entropy_near_zero(d: Draw) -> Problem:
    return problem(lambda x, m: -x * m.log(x), d.small(0.1, 1.5), lambda x: -mp.log(x) - 1)


@kind("domain edges")
def arcsine_near_one(d: Draw) -> Problem:
    x = d.exact(1 - d.small(0.06, 0.6))
    return problem(lambda x, m: m.asin(x), x, lambda x: 1 / mp.sqrt(1 - x * x))


@kind("domain edges")
def lorentz_factor(d: Draw) -> Problem:
    x = d.exact(d.small(0.06, 0.4) - 1)
    return problem(lambda x, m: 1 + x / m.sqrt(1 - x * x), x, lambda x: 1 / mp.sqrt(1 - x * x) ** 3)


@kind("domain edges")
def end_of_the_domain(d: Draw) -> Problem:
    """A smooth function at the last point that has a value: the one-sided slope is right."""
    a, side = d.uniform(0.3, 1.2), d.sign()
    return problem(
        lambda x, m: m.sin(x), a, mp.cos,
        values=lambda x: np.where(side * (x - np.asarray(a)) > 0, math.nan, np.sin(x)),
    )  # fmt: skip


@kind("domain edges")
def infinite_beyond_the_edge(d: Draw) -> Problem:
    """A barrier a little further on."""
    a, side = d.uniform(0.3, 1.2), d.sign()
    edge = a + side * d.log(1e-6, 0.3)
    return problem(
        lambda x, m: m.sin(x), a, mp.cos,
        values=lambda x: np.where(side * (x - np.asarray(edge)) > 0, math.inf, np.sin(x)),
    )  # fmt: skip


@kind("domain edges")
def power_at_its_edge(d: Draw) -> Problem:
    p, b = 1 + d.rng.integers(1, 4) / 4.0, d.uniform(0.2, 2)
    return problem(lambda x, m: b * x + x**p, 0.0, b)
