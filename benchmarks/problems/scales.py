"""Several scales in one function, oscillation, poles, and numbers near the ends of the range."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.problems.drawing import Draw
from benchmarks.problems.kinds import Problem, kind, problem
from benchmarks.problems.namespaces import mp


def _ripple(amplitude: float, wavenumber: float, x: float, *coarse: Any) -> Problem:
    return problem(
        lambda x, m: m.sin(x) + amplitude * m.sin(wavenumber * x), x,
        lambda x: mp.cos(x) + mp.mpf(amplitude) * wavenumber * mp.cos(wavenumber * x), *coarse,
    )  # fmt: skip


@kind("several scales")
def strong_ripple(d: Draw) -> Problem:
    """A fine wave whose slope is larger than that of the coarse one."""
    wavenumber = d.log(1e2, d.by_precision(1e3, 1e5))
    return _ripple(d.exact(d.log(1, 20) / wavenumber), wavenumber, d.uniform(0.2, 3))


@kind("several scales")
def weak_ripple(d: Draw) -> Problem:
    """A fine wave that adds some per cent to the slope."""
    wavenumber = d.log(1e2, d.by_precision(1e3, 1e5))
    return _ripple(d.exact(d.log(0.01, 0.3) / wavenumber), wavenumber, d.uniform(0.2, 1.2))


@kind("several scales")
def ripple_below_the_slope(d: Draw) -> Problem:
    """A fine wave whose slope is negligible, and whose values are not: to leave it out is right."""
    wavenumber = d.log(1e3, d.by_precision(1e4, 1e6))
    amplitude = d.exact(d.log(1e-6, 1e-4) / wavenumber)
    return _ripple(amplitude, wavenumber, d.uniform(0.2, 1.2), mp.cos)


@kind("several scales")
def boundary_layer(d: Draw) -> Problem:
    width, a = d.small(0.06, 0.3), d.uniform(0.3, 2)
    x = d.exact(a + width * d.rng.uniform(-2, 2))
    return problem(
        lambda x, m: x + m.tanh((x - a) / width), x,
        lambda x: 1 + 1 / (width * mp.cosh((x - a) / width) ** 2),
    )  # fmt: skip


@kind("several scales")
def needle_at_x(d: Draw) -> Problem:
    width, a, height = d.small(0.06, 0.3), d.uniform(0.3, 2), d.log(0.01, 1)
    x = d.exact(a + d.sign() * width * d.rng.uniform(0.3, 2))

    def slope(x: Any) -> Any:
        t = (x - a) / width
        return mp.cos(x) - 2 * t * height / width * mp.exp(-t * t)

    return problem(
        lambda x, m: m.sin(x) + height * m.exp(-(((x - a) / width) ** 2)), x, slope
    )  # fmt: skip


@kind("several scales")
def needle_beside_x(d: Draw) -> Problem:
    """A bump between x and where a usual step goes."""
    width, x = d.small(0.12, 0.3), d.uniform(0.3, 1.2)
    a = d.exact(x + d.sign() * width * d.rng.uniform(8, 30))
    return problem(lambda x, m: m.sin(x) + m.exp(-(((x - a) / width) ** 2)), x, mp.cos)


@kind("several scales")
def truncated_weierstrass(d: Draw) -> Problem:
    terms = d.integer(6, 12)
    a, b = 0.5, 3.0
    return problem(
        lambda x, m: sum(a**k * m.cos(b**k * x) for k in range(terms)), d.uniform(0.2, 2),
        lambda x: -sum(mp.mpf(a * b) ** k * mp.sin(b**k * x) for k in range(terms)),
    )  # fmt: skip


@kind("several scales")
def envelope_and_carrier(d: Draw) -> Problem:
    w = d.log(1e2, d.by_precision(3e2, 1e5))
    return problem(
        lambda x, m: m.exp(-x * x) * m.cos(w * x), d.uniform(-1, 1),
        lambda x: -mp.exp(-x * x) * (2 * x * mp.cos(w * x) + w * mp.sin(w * x)),
    )  # fmt: skip


@kind("oscillation")
def fast_sine(d: Draw) -> Problem:
    w = d.log(30, d.by_precision(1e3, 1e7))
    return problem(lambda x, m: m.sin(w * x), d.uniform(0.2, 3), lambda x: w * mp.cos(w * x))


@kind("oscillation")
def sine_of_reciprocal(d: Draw) -> Problem:
    return problem(
        lambda x, m: m.sin(1 / x), d.log(d.by_precision(3e-2, 1e-4), 0.3),
        lambda x: -mp.cos(1 / x) / x**2,
    )  # fmt: skip


@kind("oscillation")
def damped_sine_of_reciprocal(d: Draw) -> Problem:
    return problem(
        lambda x, m: x + x * x * m.sin(1 / x), d.log(d.by_precision(3e-2, 1e-4), 0.3),
        lambda x: 1 + 2 * x * mp.sin(1 / x) - mp.cos(1 / x),
    )  # fmt: skip


@kind("oscillation")
def chirp(d: Draw) -> Problem:
    x = d.log(3, d.by_precision(30, 3e3))
    return problem(lambda x, m: m.cos(x * x), x, lambda x: -2 * x * mp.sin(x * x))


@kind("poles")
def simple_pole(d: Draw) -> Problem:
    a = d.uniform(0.5, 2)
    x = d.exact(a + d.sign() * d.small(0.06, 0.5))
    return problem(lambda x, m: 1 / (x - a), x, lambda x: -1 / (x - a) ** 2)


@kind("poles")
def tangent_near_its_pole(d: Draw) -> Problem:
    x = d.exact(math.pi / 2 - d.sign() * d.small(0.06, 0.4))
    return problem(lambda x, m: m.tan(x), x, lambda x: 1 / mp.cos(x) ** 2)


@kind("poles")
def resonance(d: Draw) -> Problem:
    width, a = d.small(0.06, 0.3), d.uniform(0.5, 2)
    x = d.exact(a + d.sign() * width * d.rng.uniform(0.2, 20))

    def slope(x: Any) -> Any:
        distance = x - a
        return -2 * distance / (distance**2 + mp.mpf(width) ** 2) ** 2

    return problem(lambda x, m: 1 / ((x - a) * (x - a) + width * width), x, slope)


@kind("poles")
def logarithmic_singularity(d: Draw) -> Problem:
    a = d.uniform(0.5, 2)
    x = d.exact(a + d.sign() * d.small(0.06, 0.5))
    return problem(lambda x, m: m.cos(x) + m.log(abs(x - a)), x, lambda x: 1 / (x - a) - mp.sin(x))


@kind("extreme scales")
def scaled_values(d: Draw) -> Problem:
    a = d.scale()
    return problem(lambda x, m: a * m.sin(x), d.uniform(0.2, 1.3), lambda x: a * mp.cos(x))


@kind("extreme scales")
def scaled_argument(d: Draw) -> Problem:
    s = d.scale()
    return problem(
        lambda x, m: m.sin(x / s), d.exact(s * d.rng.uniform(0.2, 1.3)),
        lambda x: mp.cos(x / s) / s,
    )  # fmt: skip


@kind("extreme scales")
def scaled_both(d: Draw) -> Problem:
    s, a = d.scale(0.48), d.scale(0.48)
    return problem(
        lambda x, m: a * m.exp(-x / s), d.exact(s * d.rng.uniform(-2, 2)),
        lambda x: -a * mp.exp(-x / s) / s,
    )  # fmt: skip


@kind("extreme scales")
def sine_at_large_x(d: Draw) -> Problem:
    x = d.log(d.by_precision(1e2, 1e8), d.by_precision(1e5, 1e13))
    return problem(lambda x, m: m.sin(x), x, mp.cos)


@kind("extreme scales")
def slow_function_at_large_x(d: Draw) -> Problem:
    x = d.log(d.by_precision(1e4, 1e10), d.by_precision(1e6, 1e15))
    return problem(lambda x, m: m.sqrt(x) * m.log(x), x, lambda x: (mp.log(x) + 2) / 2 / mp.sqrt(x))


@kind("extreme scales")
def logarithm_at_tiny_x(d: Draw) -> Problem:
    x = d.exact(10.0 ** -d.rng.uniform(3, d.by_precision(30, 290)))
    return problem(lambda x, m: m.log(x), x, lambda x: 1 / x)


@kind("extreme scales")
def short_scale_at_zero(d: Draw) -> Problem:
    s, phase = d.small(0.1, 0.9), d.uniform(-1, 1)
    return problem(lambda x, m: m.sin(x / s + phase), 0.0, mp.cos(mp.mpf(phase)) / s)


@kind("extreme scales")
def long_scale_at_zero(d: Draw) -> Problem:
    s, phase = d.exact(1 / d.small(0.1, 0.6)), d.uniform(-1, 1)
    return problem(lambda x, m: m.exp(x / s) + phase, 0.0, 1 / mp.mpf(s))


@kind("extreme scales")
def steep_exponential(d: Draw) -> Problem:
    k = d.log(30, d.by_precision(60, 600))
    return problem(lambda x, m: m.exp(k * x), d.uniform(-1, 1), lambda x: k * mp.exp(k * x))


@kind("extreme scales")
def exponential_near_overflow(d: Draw) -> Problem:
    largest = math.log(float(np.finfo(d.dtype).max))
    x = d.exact(largest - d.log(1e-3, 1))
    return problem(lambda x, m: m.exp(x), x, mp.exp)


@kind("extreme scales")
def subnormal_values(d: Draw) -> Problem:
    smallest = -math.log(float(np.finfo(d.dtype).tiny))
    x = d.exact(smallest + d.uniform(0, 5))
    return problem(lambda x, m: m.exp(-x), x, lambda x: -mp.exp(-x))


@kind("extreme scales")
def flat_by_underflow(d: Draw) -> Problem:
    x = d.uniform(*(d.by_precision(12, 30), d.by_precision(20, 60)))
    return problem(lambda x, m: m.exp(-x * x), x, lambda x: -2 * x * mp.exp(-x * x))


@kind("extreme scales")
def exponential_of_reciprocal(d: Draw) -> Problem:
    x = d.log(d.by_precision(0.02, 0.003), 0.1)
    return problem(lambda x, m: m.exp(-1 / x), x, lambda x: mp.exp(-1 / x) / x**2)


@kind("extreme scales")
def small_signal_on_a_large_offset(d: Draw) -> Problem:
    offset = d.exact(1 / d.small(0.2, 0.6))
    return problem(lambda x, m: offset + m.sin(x), d.uniform(0.2, 1.3), mp.cos)
