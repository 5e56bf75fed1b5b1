"""Staircases, tables, and smooth factors that hide them.

Two slopes are right: that of the function between two steps, and that of the curve they follow.
That curve is the mean of the staircase over a step's width. Of entries of a sine at distances h it
is the sine times ``sin(h/2)/(h/2)``, and times its square where entries are joined by chords.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

from benchmarks.problems.drawing import Draw
from benchmarks.problems.kinds import Problem, kind, problem
from benchmarks.problems.namespaces import mp


@kind("steps behind smooth factors")
def factor_times_rounded(d: Draw) -> Problem:
    x = d.uniform(0.2, 1.3)
    return problem(
        lambda x, m: x * m.sin(x), x, lambda x: mp.sin(x) + x * mp.cos(x), round(math.sin(x), 3),
        values=lambda x: x * np.round(np.sin(x), 3),
    )  # fmt: skip


@kind("steps behind smooth factors")
def damped_table(d: Draw) -> Problem:
    step = 1e-3
    x = d.uniform(0.2, 1.3)
    entry = math.sin(step * round(x / step))
    return problem(
        lambda x, m: m.exp(-x) * m.sin(x), x,
        lambda x: mp.exp(-x) * (mp.cos(x) - mp.sin(x)), lambda x: -mp.exp(-x) * entry,
        values=lambda x: np.exp(-x) * np.sin(step * np.round(x / step)),
    )  # fmt: skip


@kind("steps behind smooth factors")
def factor_times_floor(d: Draw) -> Problem:
    a = 2.0 ** d.rng.integers(6, 14)
    x = d.uniform(0.3, 1.2)
    level = math.floor(a * x) / a
    return problem(
        lambda x, m: m.sin(x) * x, x,
        lambda x: mp.sin(x) + x * mp.cos(x), lambda x: mp.cos(x) * level,
        lambda x: mp.sin(x) + (x - mp.mpf(0.5) / a) * mp.cos(x),
        values=lambda x: np.sin(x) * np.floor(a * x) / a,
    )  # fmt: skip


@kind("steps behind smooth factors")
def line_plus_stairs(d: Draw) -> Problem:
    a, b = 2.0 ** d.rng.integers(8, 18), d.log(0.1, 2)
    return problem(
        lambda x, m: m.sin(x) + b * x, d.uniform(0.3, 1.2), lambda x: mp.cos(x) + b, mp.cos,
        values=lambda x: np.sin(x) + b * np.floor(a * x) / a,
    )  # fmt: skip


@kind("steps behind smooth factors")
def root_of_quantised_plus_smooth(d: Draw) -> Problem:
    q = 2.0 ** -d.rng.integers(8, 14)
    x = d.uniform(0.3, 1.2)
    level = q * round(math.exp(x) / q)
    return problem(
        lambda x, m: m.sqrt(m.exp(x) + x), x,
        lambda x: (mp.exp(x) + 1) / (2 * mp.sqrt(mp.exp(x) + x)),
        lambda x: 1 / (2 * mp.sqrt(level + x)),
        values=lambda x: np.sqrt(q * np.round(np.exp(x) / q) + x),
    )  # fmt: skip


@kind("quantised values")
def rounded_decimals(d: Draw) -> Problem:
    digits = d.integer(2, 6)
    return problem(
        lambda x, m: m.sin(x), d.uniform(0.3, 1.2), mp.cos, 0,
        values=lambda x: np.round(np.sin(x), digits),
    )  # fmt: skip


@kind("quantised values")
def float16_values(d: Draw) -> Problem:
    return problem(
        lambda x, m: m.exp(x), d.uniform(-1, 1), mp.exp, 0,
        values=lambda x: np.exp(x).astype(np.float16),
    )  # fmt: skip


@kind("quantised values")
def counts(d: Draw) -> Problem:
    a = d.log(1e3, 1e5)
    return problem(
        lambda x, m: a * m.exp(x), d.uniform(-1, 1), lambda x: a * mp.exp(x), 0,
        values=lambda x: np.floor(a * np.exp(x)),
    )  # fmt: skip


@kind("quantised values")
def logarithm_of_counts(d: Draw) -> Problem:
    a = d.log(1e3, 1e5)
    return problem(
        lambda x, m: m.log(a * x), d.log(0.3, 3), lambda x: 1 / x, 0,
        values=lambda x: np.log(np.round(a * x)),
    )  # fmt: skip


@kind("noise")
def dithered_quantisation(d: Draw) -> Problem:
    """Noise of half a step before rounding: the mean follows the curve."""
    q, noise = 2.0**-10, d.generator()
    return problem(
        lambda x, m: m.sin(x), d.uniform(0.3, 1.2), mp.cos,
        values=lambda x: q * np.round(np.sin(x) / q + noise.normal(0, 0.5, np.shape(x))),
    )  # fmt: skip


@kind("tables")
def nearest_entry(d: Draw) -> Problem:
    step = d.log(1e-4, 1e-2)
    return problem(
        lambda x, m: m.sin(x), d.uniform(0.3, 1.2), mp.cos, 0,
        lambda x: mp.cos(x) * mp.sinc(mp.mpf(step) / 2),
        values=lambda x: np.sin(step * np.round(x / step)),
    )  # fmt: skip


@kind("tables")
def linear_interpolation(d: Draw) -> Problem:
    """Between entries of a sine."""
    cells = d.integer(50, 500)
    grid = np.linspace(0, 2, cells + 1).astype(d.dtype)
    entries = np.sin(grid)
    x = d.uniform(0.3, 1.2)
    i = int(np.searchsorted(grid, x)) - 1
    chord = (float(entries[i + 1]) - float(entries[i])) / (float(grid[i + 1]) - float(grid[i]))
    return problem(
        lambda x, m: m.sin(x), x, mp.cos, chord,
        lambda x: mp.cos(x) * mp.sinc(mp.mpf(1) / cells) ** 2,
        values=lambda x: np.interp(x, grid, entries),
    )  # fmt: skip


@kind("tables")
def random_polygon(d: Draw) -> Problem:
    """Between random entries: nothing but the chord is a derivative."""
    entries = np.array(d.array(-1, 1, 41), d.dtype)
    grid = np.arange(41).astype(d.dtype)
    i = d.integer(10, 30)
    x = d.uniform(i + 0.1, i + 0.9)
    rise = float(entries[i + 1]) - float(entries[i])
    return problem(
        lambda x, m: float(entries[i]) + (x - i) * rise, x, rise,
        values=lambda x: np.interp(x, grid, entries),
    )  # fmt: skip


def _spline(d: Draw, grid: Any, entries: Any, *curve: Any) -> Problem:
    spline = CubicSpline(grid, entries)
    x = d.uniform(grid[1], grid[-2])
    i = int(np.searchsorted(grid, x)) - 1
    c3, c2, c1, c0 = (float(c) for c in spline.c[:, i])
    start = float(grid[i])

    def ideal(x: Any, m: Any) -> Any:
        t = x - start
        return c0 + t * (c1 + t * (c2 + t * c3))

    def slope(x: Any) -> Any:
        t = x - start
        return c1 + t * (2 * c2 + t * 3 * c3)

    return problem(ideal, x, slope, *curve, values=spline)


@kind("tables")
def cubic_spline_of_sine(d: Draw) -> Problem:
    grid = np.linspace(0, 3, d.integer(8, 60))
    return _spline(d, grid, np.sin(grid), mp.cos)


@kind("tables")
def cubic_spline_of_noise(d: Draw) -> Problem:
    return _spline(d, np.arange(20.0), d.rng.normal(size=20))
