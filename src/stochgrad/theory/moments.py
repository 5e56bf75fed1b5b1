"""How an estimate responds to the Taylor terms of f and to noise: moments over its draws.

One draw of an estimator is a linear rule ``Σⱼ wⱼ f(x + h·tⱼ) / h`` with ``Σ wⱼ = 0`` and
``Σ wⱼtⱼ = 1``, h the step size times the scale of x. Applied to ``f(x + u) = Σ βₖuᵏ`` it gives
``Σ βₖ hᵏ⁻¹ cₖ`` with ``cₖ = Σⱼ wⱼtⱼᵏ``: all that theory needs are the mean and the covariance of
the cₖ, and the sums of squares of the weights. They are integrals over one or two uniform numbers,
done here by Gauss and Legendre's rule, exactly for the polynomials among them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.errors import ConfigError
from stochgrad.random import Purpose, uniforms
from stochgrad.registry import Registry
from stochgrad.stencils.base import Estimator
from stochgrad.stencils.central import Central
from stochgrad.stencils.fixed import CentralFixed, Forward
from stochgrad.stencils.quadratic import Quadratic
from stochgrad.stencils.regression import Regression, design, jitter, weights
from stochgrad.stencils.richardson import ORDER, Richardson
from stochgrad.stencils.three_slope import SHORTEST, ThreePoint, ThreeSlope

Floats = NDArray[np.float64]

TERMS = 16
"""Powers whose moments are taken."""
NODES = 24
"""Of the quadrature, in each of two dimensions."""
DESIGNS = 128
"""Random designs of a regression that are averaged over."""


@dataclass(frozen=True)
class Moments:
    """Of an estimate, the mean over N draws, in units of the step h.

    Attributes:
        mean: shape ``(TERMS,)``: mean of cₖ.
        covariance: shape ``(TERMS, TERMS)``: of the mean of N draws of the cₖ.
        gain: variance of the estimate in units of ``σ²/h²``, from noise of variance σ² in the
            values at points that are drawn.
        shared: the same, from noise in the values that are no draws: f(x), or all of a
            deterministic rule. N has no influence on it.
        nominal: variance in units of ``f′²s²/h²``, from points that are off by a standard deviation
            of s, for a division by the nominal step.
        shortest: the smallest distance of a point from x.
        spread: length of the interval that a point is drawn from; 0 without draws.
    """

    mean: Floats
    covariance: Floats
    gain: float
    shared: float
    nominal: float
    shortest: float
    spread: float


Find = Callable[[Any, float, int], Moments]
MOMENTS: Registry[Find] = Registry("theory")
"""From (estimator, ε, N) to moments, by the estimator's name."""


def require_moments(estimator: Estimator) -> None:
    """Refuse an estimator whose best step nobody can tell: it takes one, and has no moments.

    Raises:
        ConfigError: for ``epsilon="auto"``.
    """
    if estimator.perturbs and estimator.name not in MOMENTS:
        raise ConfigError(
            f"epsilon=auto estimator={estimator.name}: its best step is not known, for it has no "
            f"moments in stochgrad.theory.moments.MOMENTS; give epsilon a number"
        )


def moments(estimator: Estimator, epsilon: float, num_steps: int) -> Moments | None:
    """Return the moments of an estimator, or None for one that theory does not cover.

    Args:
        estimator: any.
        epsilon: step size; moments depend on it where the jitter does.
        num_steps: N.
    """
    if estimator.name not in MOMENTS:
        return None
    # Steps scale with ε, and moments are in units of it, unless the jitter is ε.
    with_epsilon = isinstance(estimator, Central) and estimator.jitter is None
    return _moments(estimator, epsilon if with_epsilon else 0.0, num_steps)


@lru_cache(maxsize=4096)
def _moments(estimator: Estimator, epsilon: float, num_steps: int) -> Moments:
    return MOMENTS[estimator.name](estimator, epsilon, num_steps)


def powers(offsets: Floats, rule: Floats) -> Floats:
    """Return ``cₖ = Σⱼ wⱼtⱼᵏ`` for k below TERMS, summed over the first axis."""
    terms = [np.sum(rule * offsets**k, axis=0) for k in range(TERMS)]
    return np.array(terms)


def _averaged(c: Floats, probability: Floats, num_steps: int) -> tuple[Floats, Floats]:
    mean = c @ probability
    centred = c - mean[:, None]
    return mean, (centred * probability) @ centred.T / num_steps


def _deterministic(offsets: Floats, rule: Floats) -> Moments:
    return Moments(
        mean=powers(offsets, rule),
        covariance=np.zeros((TERMS, TERMS)),
        gain=0.0,
        shared=float(np.sum(rule**2)),
        nominal=0.0,
        shortest=float(np.abs(offsets[offsets != 0]).min()),
        spread=0.0,
    )


@MOMENTS.register(Forward.name)
def forward(estimator: Forward, epsilon: float, num_steps: int) -> Moments:
    """``cₖ = 1``: bias ``hf″/2 + h²f‴/6 + …``; noise ``2σ²/h²``, once."""
    return _deterministic(np.array([1.0, 0.0]), np.array([1.0, -1.0]))


@MOMENTS.register(CentralFixed.name)
def central_fixed(estimator: CentralFixed, epsilon: float, num_steps: int) -> Moments:
    """``cₖ = 1`` for odd k, 0 for even: bias ``h²f‴/6 + …``; noise ``σ²/2h²``, once."""
    return _deterministic(np.array([1.0, -1.0]), np.array([0.5, -0.5]))


@MOMENTS.register(Richardson.name)
def richardson(estimator: Richardson, epsilon: float, num_steps: int) -> Moments:
    """Central differences over ``2⁻ⁱ``, in the combination that leaves no ``h², h⁴, h⁶``."""
    steps = 0.5 ** np.arange(ORDER // 2)
    even = steps ** (2 * np.arange(len(steps))[:, None])
    shares = np.linalg.solve(even, np.eye(len(steps))[:, 0]) / (2 * steps)
    return _deterministic(np.concatenate([steps, -steps]), np.concatenate([shares, -shares]))


@MOMENTS.register(Central.name)
def central(estimator: Central, epsilon: float, num_steps: int) -> Moments:
    """``cₖ = (aᵏ − (−b)ᵏ)/(a+b)`` with ``a, b ~ U[1−j, 1+j]``.

    ``c₂ = a − b`` has mean 0 and variance ``2j²/3``, which is the jitter's ``|xf″|εj/√(6N)``;
    ``c₃ = a² − ab + b²`` has mean ``1 + 2j²/3``, which is the bias ``x²ε²f‴/6·(1 + 2j²/3)``. The
    noise is ``E[2/(a+b)²]σ²/h²``: ``σ²/2h²`` for a small jitter.
    """
    jitter = min(epsilon, 1.0) if estimator.jitter is None else estimator.jitter
    nodes, share = _gauss(1 - jitter, 1 + jitter)
    a, b = (grid.ravel() for grid in np.meshgrid(nodes, nodes))
    probability = np.outer(share, share).ravel()
    rule = np.stack([1 / (a + b), -1 / (a + b)])
    mean, covariance = _averaged(powers(np.stack([a, -b]), rule), probability, num_steps)
    gain = float(np.sum(rule**2, axis=0) @ probability) / num_steps
    nominal = gain if estimator.division == "nominal" else 0.0
    return Moments(mean, covariance, gain, 0.0, nominal, 1 - jitter, 2 * jitter)


def _gauss(low: float, high: float) -> tuple[Floats, Floats]:
    """Return nodes on an interval, and shares that add up to 1."""
    nodes, share = np.polynomial.legendre.leggauss(NODES)
    return low + (high - low) * (nodes + 1) / 2, share / 2


@MOMENTS.register(ThreeSlope.name)
def three_slope(estimator: ThreeSlope, epsilon: float, num_steps: int) -> Moments:
    """``cₖ = ((aᵏ−bᵏ)/(a−b) + aᵏ⁻¹ + bᵏ⁻¹)/3``, ``a, b`` uniform on [1/100, 1].

    ``c₂ = 2(a+b)/3`` has mean ``2·1.01/3`` but for the floor of ``|a − b|``: bias ``0.337·εf″``.
    """
    return _three_point(estimator, num_steps, (1 / 3, 1 / 3, 1 / 3))


@MOMENTS.register(Quadratic.name)
def quadratic(estimator: Quadratic, epsilon: float, num_steps: int) -> Moments:
    """``cₖ = aᵏ⁻¹ + bᵏ⁻¹ − (aᵏ−bᵏ)/(a−b)``: ``c₂ = 0`` and ``c₃ = −ab``, the bias ``−abf‴/6``."""
    return _three_point(estimator, num_steps, (1.0, 1.0, -1.0))


def _three_point(
    estimator: ThreePoint, num_steps: int, shares: tuple[float, float, float]
) -> Moments:
    """Average over pairs that are uniform on ``|a − b| ≥ floor``, by the gap and the smaller one.

    In their logarithms: the weights go with ``1/gap²`` and ``1/a²``. The floor that only the dtype
    sets is left out.
    """
    floor = max(estimator.min_separation, 1e-6)
    length = 1 - SHORTEST
    log_gap, share_gap = _gauss(math.log(floor), math.log(length))
    gap = np.exp(log_gap)[:, None]
    unit, share = _gauss(0.0, 1.0)
    low = SHORTEST * ((1 - gap) / SHORTEST) ** unit  # from 0.01 to 1 − gap
    jacobian = gap * low * np.log((1 - gap) / SHORTEST)
    probability = (share_gap[:, None] * share * jacobian).ravel()
    probability /= probability.sum()
    a, b = np.broadcast_arrays(low + gap, low)
    a, b = a.ravel(), b.ravel()
    to_a, to_b, chord = shares
    rule = np.stack([to_a / a + chord / (a - b), to_b / b - chord / (a - b), -to_a / a - to_b / b])
    mean, covariance = _averaged(
        powers(np.stack([a, b, np.zeros_like(a)]), rule), probability, num_steps
    )
    at_x = rule[2]
    common = float(at_x @ probability)
    own = float((rule[:2] ** 2).sum(axis=0) @ probability)
    spread_at_x = float((at_x**2) @ probability) - common**2
    nominal = 0.0
    if estimator.division == "nominal":
        nominal = float(((to_a / a) ** 2 + (to_b / b) ** 2) @ probability) / num_steps
    return Moments(
        mean, covariance, own / num_steps, common**2 + spread_at_x / num_steps, nominal,
        SHORTEST, length,
    )  # fmt: skip


@MOMENTS.register(Regression.name)
def regression(estimator: Regression, epsilon: float, num_steps: int) -> Moments:
    """``cₖ = Σᵢ ωᵢtᵢᵏ⁻¹`` for odd k, 0 for even, with the weights ω of least squares.

    They make ``c₁ = 1`` and ``c₃ = … = 0`` up to the degree. The noise is ``Σ ωᵢ²σ²/2tᵢ²h²``, about
    ``K²σ²/2Nh²``. Averaged over designs that are drawn as the estimator's are.
    """
    count = min(estimator.odd_powers, num_steps)
    u = uniforms((1, num_steps), 0, DESIGNS, Purpose.PROBE)
    unit = design(count, num_steps)[:, None] * (1 - jitter(count) * u)
    omega = weights(unit, count)[0]
    t = unit[0]
    offsets, rule = np.concatenate([t, -t]), np.concatenate([omega, -omega])
    rule /= 2 * np.concatenate([t, t])
    mean, covariance = _averaged(powers(offsets, rule), np.full(DESIGNS, 1 / DESIGNS), 1)
    gain = float(np.sum(rule**2, axis=0).mean())
    spread = estimator.interval(1.0)
    return Moments(mean, covariance, gain, 0.0, 0.0, float(t.min()), spread)
