"""How an estimate responds to the Taylor terms of f and to noise: moments over its draws.

One draw of a rule is ``Σⱼ wⱼ f(x + s·tⱼ)`` with ``Σ wⱼ = 0`` and ``Σ wⱼtⱼ = 1``
(:class:`stochgrad.stencils.Stencil`). Applied to ``f(x + u) = Σ βₖuᵏ``, with ``tⱼ`` in units of ε
and ``h = ε·s``, it gives ``Σ βₖ hᵏ⁻¹ cₖ`` with ``cₖ = Σⱼ wⱼtⱼᵏ``. All that theory needs are the
mean and the covariance of the cₖ and the sums of squares of the weights. They are averages over
stencils that are drawn as the estimator draws them, evenly over the uniform numbers.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from stochgrad.errors import ConfigError
from stochgrad.random import Purpose, stream
from stochgrad.stencils.base import Estimator
from stochgrad.stencils.rule import Rule, layout
from stochgrad.stencils.stencil import Floats, Stencil

TERMS = 16
"""Powers whose moments are taken."""
STENCILS = 2**16
"""Stencils that are averaged over: evenly spread pairs of uniform numbers are then 1/256 apart,
less than the floor of ``three_slope`` at which its weights are largest."""


@dataclass(frozen=True)
class Moments:
    """Moments of an estimate, the mean over N draws, in units of the step h.

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


def require_moments(estimator: Estimator) -> None:
    """Raise a ConfigError for an estimator whose best step nobody can tell: it is no rule."""
    if estimator.perturbs and not isinstance(estimator, Rule):
        raise ConfigError(
            f"epsilon=auto estimator={estimator.name}: its best step is not known, for it is not "
            f"given as nodes and weights (stochgrad.stencils.Rule); give epsilon a number"
        )


def moments(estimator: Estimator, epsilon: float, num_steps: int) -> Moments | None:
    """Return the moments of a rule, or None for what is none; ε matters if the jitter needs it."""
    if not isinstance(estimator, Rule):
        return None
    one, half = (layout(estimator, e) for e in (epsilon, epsilon / 2))
    same = np.allclose([one.shortest, one.spread], [half.shortest, half.spread])
    return _moments(estimator, 1.0 if same else epsilon, num_steps)


@lru_cache(maxsize=4096)
def _moments(rule: Rule, epsilon: float, num_steps: int) -> Moments:
    random, form = rule.draws_per_step > 0, layout(rule, epsilon)
    draws = num_steps if random else 1
    together = draws if rule.joint else 1  # draws whose weights depend on each other
    count = max(64, STENCILS // together) if random else 1
    made = rule.stencil(_even((rule.draws_per_step, together, count)), epsilon, "float64")
    shares = [s * nominal for s, nominal in zip(made.shares, made.nominal, strict=True)]
    divided = Stencil.of_slopes(list(made.nodes), made.pairs, shares)

    def whole(rows: Floats) -> Floats:
        rows = rows.reshape(*rows.shape, *(1,) * (3 - rows.ndim))
        return np.broadcast_to(rows, (len(rows), together, count))

    t, w, nominal = (whole(rows) for rows in (made.nodes, made.weights, divided.weights))
    t, w, nominal = t / epsilon, w * epsilon, nominal * epsilon
    powers = itertools.accumulate(itertools.repeat(t, TERMS - 1), np.multiply, initial=w)
    c = np.array([term.sum(axis=0).mean(axis=0) for term in powers])  # w·tᵏ
    centred = c - c.mean(axis=1, keepdims=True)
    repeats = draws / together
    fixed = np.array([row is None for row in form.row]) | (not random)
    own = float((w[~fixed] ** 2).sum(axis=(0, 1)).mean()) / together**2
    common = w[fixed].mean(axis=1)  # over the draws of one estimate, which have the value in common
    mean = common.mean(axis=-1)
    shared = float((mean**2).sum() + ((common - mean[:, None]) ** 2).mean(axis=-1).sum() / repeats)
    return Moments(
        mean=c.mean(axis=1),
        covariance=centred @ centred.T / count / repeats,
        gain=own / repeats,
        shared=shared,
        nominal=float((nominal[form.moving] ** 2).sum(axis=0).mean()) / draws,
        shortest=form.shortest if not random else float(np.abs(t[form.moving]).min()),
        spread=form.spread,
    )


def _even(shape: tuple[int, int, int]) -> Floats:
    """Return uniform numbers that are spread evenly along their last axis.

    A Kronecker sequence in two dimensions at a time, shifted at random, modulo 1: M. Roberts' R₂,
    of the plastic number (L. Kuipers and H. Niederreiter, "Uniform distribution of sequences").
    """
    if not shape[0]:
        return np.zeros((0, 1, 1))
    if shape[1] > 1:  # weights of many draws together: a space of too many dimensions to be even in
        return stream(0, Purpose.PROBE).random(shape)
    plastic = 1.32471795724474602596
    steps = plastic ** -(1.0 + np.arange(shape[0]) % 2)
    shift = stream(0, Purpose.PROBE).random((shape[0], shape[1], 1))
    return (shift + steps[:, None, None] * np.arange(shape[2])) % 1
