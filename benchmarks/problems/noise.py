"""Values with noise: white, of changing size, heavy-tailed, counted, correlated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.problems.drawing import Draw
from benchmarks.problems.kinds import Problem, kind, problem
from benchmarks.problems.namespaces import mp
from benchmarks.problems.rounding import Function, hashed, with_error
from benchmarks.problems.smooth import draw_smooth

MOST_COUNTS = 1e15
"""Of one value: generators take no larger means, and steps may go far."""


def _noisy(d: Draw, noise: Function) -> Problem:
    """Return a smooth function at a point, with noise that may depend on x."""
    a, b, c = d.uniform(0.5, 2), d.uniform(-1, 1), d.uniform(0.2, 1)
    return problem(
        lambda x, m: m.sin(a * x + b) + c * x, d.uniform(-1, 1),
        lambda x: a * mp.cos(a * x + b) + c,
        values=lambda x: np.sin(a * x + b) + c * x + noise(x),
    )  # fmt: skip


@kind("noise")
def white_noise(d: Draw) -> Problem:
    sigma, noise = d.log(d.by_precision(1e-5, 1e-12), 1e-2), d.generator()
    return _noisy(d, lambda x: sigma * noise.normal(size=np.shape(x)))


@kind("noise")
def uniform_chatter(d: Draw) -> Problem:
    """Repeatable noise: the same x has the same value."""
    size, key = d.log(d.by_precision(1e-5, 1e-12), 1e-2), d.key()
    return _noisy(d, lambda x: size * (hashed(x, key) - 0.5))


@kind("noise")
def noise_that_grows_with_x(d: Draw) -> Problem:
    sigma, rate, noise = d.log(d.by_precision(1e-5, 1e-10), 1e-3), d.sign() * 3, d.generator()
    return _noisy(d, lambda x: sigma * np.exp(rate * x) * noise.normal(size=np.shape(x)))


@kind("noise")
def quiet_on_one_side(d: Draw) -> Problem:
    sigma, edge, noise = d.log(d.by_precision(1e-5, 1e-9), 1e-3), d.uniform(-1, 1), d.generator()
    return _noisy(
        d, lambda x: np.where(x > edge, sigma, 0.03 * sigma) * noise.normal(size=np.shape(x))
    )


@kind("noise")
def relative_noise_at_a_root(d: Draw) -> Problem:
    """Noise as a share of a value that is zero at x."""
    sigma, a, noise = d.log(1e-4, 3e-2), d.uniform(0.3, 3), d.generator()
    return problem(
        lambda x, m: m.sin(x - a), a, 1,
        values=lambda x: np.sin(x - a) * (1 + sigma * noise.normal(size=np.shape(x))),
    )  # fmt: skip


@kind("noise")
def heavy_tails(d: Draw) -> Problem:
    sigma, noise = d.log(d.by_precision(1e-5, 1e-10), 1e-3), d.generator()
    return _noisy(d, lambda x: sigma * noise.standard_t(3, np.shape(x)))


@kind("noise")
def very_heavy_tails(d: Draw) -> Problem:
    sigma, noise = d.log(d.by_precision(1e-5, 1e-10), 1e-3), d.generator()
    return _noisy(d, lambda x: sigma * noise.standard_t(1.5, np.shape(x)))


@kind("noise")
def outliers(d: Draw) -> Problem:
    """One value in fifty is a hundred standard deviations off."""
    sigma, noise = d.log(d.by_precision(1e-5, 1e-10), 1e-4), d.generator()

    def draw(x: Any) -> Any:
        far = noise.random(np.shape(x)) < 0.02
        return sigma * np.where(far, 100, 1) * noise.normal(size=np.shape(x))

    return _noisy(d, draw)


@kind("noise")
def shots(d: Draw) -> Problem:
    """Expectation value of a qubit, from counts."""
    number, noise = int(d.log(100, 1e5)), d.generator()
    return problem(
        lambda x, m: m.cos(x), d.uniform(0.3, 2.8), lambda x: -mp.sin(x),
        values=lambda x: 2 * noise.binomial(number, (1 + np.cos(x)) / 2) / number - 1.0,
    )  # fmt: skip


@kind("noise")
def shots_beside_an_eigenstate(d: Draw) -> Problem:
    number, noise = int(d.log(100, 1e5)), d.generator()
    return problem(
        lambda x, m: m.cos(x), d.sign() * d.uniform(0.02, 0.3), lambda x: -mp.sin(x),
        values=lambda x: 2 * noise.binomial(number, (1 + np.cos(x)) / 2) / number - 1.0,
    )  # fmt: skip


@kind("noise")
def poisson_counts(d: Draw) -> Problem:
    rate, noise = d.log(10, 1e5), d.generator()
    return problem(
        lambda x, m: rate * m.exp(x), d.uniform(-1, 1), lambda x: rate * mp.exp(x),
        values=lambda x: 1.0 * noise.poisson(np.minimum(rate * np.exp(x), MOST_COUNTS)),
    )  # fmt: skip


@kind("noise")
def sample_mean(d: Draw) -> Problem:
    """Monte Carlo mean with fresh draws in every call."""
    size, noise = int(d.log(10, 300)), d.generator()

    def values(x: Any) -> Any:
        z = noise.normal(size=(*np.shape(x), size))
        return np.cos(x[..., None] + z).mean(axis=-1)

    return problem(
        lambda x, m: m.cos(x) * m.exp(-0.5 + 0 * x), d.uniform(0.3, 1.3),
        lambda x: -mp.sin(x) * mp.exp(mp.mpf(-0.5)), values=values,
    )  # fmt: skip


@kind("noise")
def drift_in_time(d: Draw) -> Problem:
    """Noise that follows the last value: an instrument that drifts."""
    sigma, noise = d.log(d.by_precision(1e-5, 1e-9), 1e-3), d.generator()
    state = [0.0]

    def draw(x: Any) -> Any:
        flat = np.empty(np.size(x))
        for i, kick in enumerate(noise.normal(size=flat.size)):
            state[0] = 0.9 * state[0] + kick
            flat[i] = state[0]
        return sigma * flat.reshape(np.shape(x))

    return _noisy(d, draw)


@kind("noise")
def random_walk_in_x(d: Draw) -> Problem:
    """A Brownian path on the trend: midpoint displacement, repeatable."""
    sigma, key = d.log(d.by_precision(1e-5, 1e-9), 1e-3), d.key()
    levels = int(d.by_precision(18, 40))

    def draw(x: Any) -> Any:
        total = np.zeros(np.shape(x))
        for level in range(levels):
            cell = np.asarray(x, np.float64) * 2.0**level
            gauss = math.sqrt(12) * (hashed(np.floor(cell), key + level) - 0.5)
            total += gauss * 2.0 ** (-level / 2) * (0.5 - abs(cell - np.floor(cell) - 0.5))
        return sigma * total

    return _noisy(d, draw)


@kind("noise")
def noise_shared_by_neighbours(d: Draw) -> Problem:
    """One error for all points of a cell, as of a cached simulation."""
    sigma, width, key = d.log(d.by_precision(1e-5, 1e-9), 1e-3), d.log(1e-5, 1e-2), d.key()
    return _noisy(
        d, lambda x: sigma * (hashed(np.floor(np.asarray(x, np.float64) / width), key) - 0.5)
    )


@kind("last places")
def errors_of_three_units_at_random(d: Draw) -> Problem:
    found = draw_smooth(d)
    return problem(
        found.formula, found.x, found.slope,
        values=with_error(found.values, "random", d.key()),
    )  # fmt: skip


@kind("last places")
def smooth_errors_of_three_units(d: Draw) -> Problem:
    found = draw_smooth(d)
    return problem(
        found.formula, found.x, found.slope,
        values=with_error(found.values, "smooth", d.key()),
    )  # fmt: skip


@kind("last places")
def no_errors_beyond_rounding(d: Draw) -> Problem:
    found = draw_smooth(d)
    return problem(found.formula, found.x, found.slope)
