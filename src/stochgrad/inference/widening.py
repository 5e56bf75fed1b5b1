"""Wider steps for estimators on one side of x, as long as their estimates agree.

A series on both sides of x ends at the nearer of two singularities, and a polynomial shows nothing
of where it might end. Steps to one side may go on: twice as long a step has half the noise, and is
taken if the estimate that it gives lies within the errors of all that were taken before.

Reference: O. V. Lepski, "On a problem of adaptive estimation in Gaussian white noise", Theory
Probab. Appl. 35 (1991), for steps that grow until estimates differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import get_backend
from stochgrad.inference.taylor_terms import TaylorTerms
from stochgrad.random import Purpose, uniforms
from stochgrad.stencils.base import Target
from stochgrad.stencils.differences import ThreePoint
from stochgrad.theory.moments import Moments, moments

Floats = NDArray[np.float64]

DRAWS = 8
"""That an estimate is made of."""
EVALUATIONS = 2 * DRAWS + 1
WIDER = 2.0
WORTH = 0.95
"""A wider step is tried where its error is expected to be smaller than this part of the other's."""
DOUBT = 2.0
"""Standard errors by which estimates may differ."""
ROUNDS = 24


def widen(
    rule: ThreePoint,
    f: Callable[[NDArray[Any]], NDArray[Any]],
    x: NDArray[Any],
    epsilon: Floats,
    sigma: Floats,
    terms: TaylorTerms,
    num_steps: int,
) -> tuple[Floats, int]:
    """Return step sizes, and how often all points were evaluated.

    Args:
        rule: the estimator; its steps are absolute.
        f: takes arrays of points ``(k, …)`` in the dtype of x.
        x: points.
        epsilon: step sizes to begin with, the shape of x.
        sigma: standard deviation of the noise of values near x.
        terms: signed Taylor terms, 0 where nothing is known of them.
        num_steps: N.
    """
    alone, probe = moments(rule, 1.0, num_steps), moments(rule, 1.0, DRAWS)
    assert alone is not None
    assert probe is not None
    eps = float(np.finfo(x.dtype).eps)
    widest = 2 * np.maximum(np.abs(x.astype(np.float64)), 1)
    start, active, rounds = epsilon, np.ones(x.shape, bool), 0
    low, high = np.full(x.shape, -np.inf), np.full(x.shape, np.inf)
    for _ in range(ROUNDS):
        wide = WIDER * epsilon
        now, then = (_error(alone, terms, step, sigma, eps) for step in (epsilon, wide))
        gain = then < WORTH * now
        active &= gain & (wide <= widest)
        if not active.any():
            break
        tried = active.copy()
        for step in (wide,) if rounds else (epsilon, wide):
            found = _estimate(rule, f, x, step)
            doubt = DOUBT * _error(probe, terms, step, sigma, eps)
            rounds += 1
            active &= (found + doubt >= low) & (found - doubt <= high)
            low = np.where(active, np.maximum(low, found - doubt), low)
            high = np.where(active, np.minimum(high, found + doubt), high)
        epsilon = np.where(active, wide, epsilon)
        # Where they differ at last, some of the difference was there a step before.
        back = tried & ~active & (epsilon > start)
        epsilon = np.where(back, epsilon / WIDER, epsilon)
    return epsilon, rounds


def _estimate(
    rule: ThreePoint, f: Callable[[NDArray[Any]], NDArray[Any]], x: NDArray[Any], epsilon: Floats
) -> Floats:
    u = uniforms((DRAWS, rule.draws_per_step), 0, 1, Purpose.PROBE).swapaxes(0, 1)
    unit = rule.steps(u[None], 1.0, x.dtype.name)["offsets"][0]
    steps = {"offsets": (unit.reshape(2, DRAWS, *(1,) * x.ndim) * epsilon).astype(x.dtype)}
    value = f(x[None])[0]
    found = rule.samples(Target(f, value=value), x, steps, np.ones_like(x), get_backend("numpy"))
    return np.asarray(found.astype(np.float64).mean(axis=0))


def _error(found: Moments, terms: TaylorTerms, h: Floats, sigma: Floats, eps: float) -> Floats:
    """Return the root mean square error that is expected (:mod:`stochgrad.theory.prediction`)."""
    sizes = terms.at(h)
    higher = slice(2, len(sizes))
    scaled = sizes[higher] / h
    bias = np.tensordot(found.mean[higher], scaled, 1)
    jitter = np.einsum("k...,kl,l...->...", scaled, found.covariance[higher, higher], scaled)
    # Where f is larger than at x, so is its rounding.
    far = np.abs(sizes).sum(axis=0) * eps / np.sqrt(12)
    noise = (sigma**2 * found.shared + np.fmax(sigma, far) ** 2 * found.gain) / h**2
    return np.asarray(np.sqrt(bias**2 + jitter + noise))
