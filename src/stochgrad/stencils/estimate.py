"""From draws to an averaged estimate: shared by ``derivative()`` and by the derivative study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.random import Purpose, stream
from stochgrad.stencils.base import Estimator, Steps, Target, expand, step_scale
from stochgrad.stencils.stencil import Floats

BLOCK_ELEMENTS = 2**16
"""Draws are processed in blocks of about this many array elements, to bound memory."""
KEPT_ELEMENTS = 2**18
"""Draws of up to so many array elements are kept for the next estimate with the same seed."""


@dataclass(frozen=True)
class Estimate:
    """An averaged estimate for each of R replicates; arrays of shape ``(R, …)``.

    Attributes:
        mean: of the draws, in the dtype of x: added up in float64 and rounded once, or in the dtype
            of x (``sums_in_dtype``).
        spread: standard deviation of one draw (divisor n − 1); NaN for fewer than two.
        draws: how many draws were averaged, shape ``(R,)``.
        distinct: whether any two draws differ.
    """

    mean: NDArray[Any]
    spread: Floats
    draws: NDArray[np.int64]
    distinct: NDArray[np.bool_]


def numbers_of_draws(num_steps: int, spread: float, seeds: Sequence[int]) -> NDArray[np.int64]:
    """Return N for each replicate: ``num_steps``, or drawn once around it.

    With ``spread`` s > 0, N is the integer part of a draw from ``U[⌊(1−s)N⌋, ⌊(1+s)N⌋)``: the
    notebook's s is 0.1. At least 1.
    """
    if spread == 0:
        return np.full(len(seeds), num_steps)
    low, high = int((1 - spread) * num_steps), int((1 + spread) * num_steps)
    u = [stream(s, Purpose.NUM_STEPS).random() for s in seeds]
    return np.maximum(1, (low + (high - low) * np.array(u)).astype(np.int64))


def estimate(
    estimator: Estimator, target: Target, x: NDArray[Any], *, epsilon: float, num_steps: int,
    seed: int | Sequence[int], xp: Backend, replicates: int = 1, min_scale: float = 0.0,
    num_steps_spread: float = 0.0,
) -> Estimate:  # fmt: skip
    """Average the draws of an estimator at every point of x, for R seeds at once.

    Args:
        estimator: which estimator.
        target: the black box, on arrays of ``xp``.
        x: points in their dtype, any shape.
        epsilon: step size.
        num_steps: N.
        seed: of replicate 0, where replicate r uses ``seed + r``; or of each replicate.
        xp: backend.
        replicates: R, for a single seed.
        min_scale: see :func:`stochgrad.stencils.base.step_scale`.
        num_steps_spread: see :func:`numbers_of_draws`.
    """
    seeds = range(seed, seed + replicates) if isinstance(seed, int) else list(seed)
    points = xp.asarray(np.broadcast_to(x, (len(seeds), *x.shape)))
    scale = step_scale(points, min_scale, xp)
    steps, counts = drawn_steps(
        estimator, num_steps, num_steps_spread, seeds, epsilon, x.dtype.name
    )
    steps, most = expand(steps, points.ndim), int(counts.max())

    if estimator.uses_value and target.value is None:
        target = target._replace(value=target.f(points))  # once, not once a block
    axis = {key: s.ndim - points.ndim - 1 for key, s in steps.items()}
    total = np.zeros(points.shape, x.dtype if estimator.sums_in_dtype else np.float64)
    deviations, squares = np.zeros(points.shape), np.zeros(points.shape)  # from the first draw
    distinct = np.zeros(points.shape, bool)
    first: Array = None
    done = 0
    block = max(1, BLOCK_ELEMENTS // max(1, math.prod(points.shape)))
    while done < most:
        now = min(block, most - done)
        rows = {
            key: xp.asarray(np.take(s, range(done, done + now), axis=axis[key]))
            for key, s in steps.items()
        }
        samples = xp.to_numpy(estimator.samples(target, points, rows, scale, xp))
        first = samples[0] if first is None else first
        counted = (done + np.arange(now)[:, None] < counts).reshape(now, -1, *(1,) * x.ndim)
        total = _added(total, np.where(counted, samples, 0))
        deviation = np.where(counted, samples - first.astype(np.float64), 0)
        distinct |= (deviation != 0).any(axis=0)
        deviations = _added(deviations, deviation)
        squares = _added(squares, deviation**2)
        done += now
    per_replicate = counts.reshape(-1, *(1,) * x.ndim)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (squares - deviations**2 / per_replicate) / (per_replicate - 1)
        spread = np.sqrt(np.maximum(variance, 0))
        mean = (total / per_replicate.astype(total.dtype)).astype(x.dtype)
    return Estimate(mean, spread, counts, distinct)


def _added(total: NDArray[Any], terms: NDArray[Any]) -> NDArray[Any]:
    """Add terms one after the other: the sum depends neither on blocks nor on other elements."""
    rows = np.concatenate([total[None], terms.astype(total.dtype, copy=False)])
    return np.asarray(np.add.accumulate(rows, axis=0)[-1])


def drawn_steps(
    estimator: Estimator, num_steps: int, spread: float, seeds: Sequence[int], epsilon: float,
    dtype: str = "float64",
) -> tuple[Steps, NDArray[np.int64]]:  # fmt: skip
    """Return the perturbations that :func:`estimate` takes, ``(…, N, R)``, and numbers of draws."""
    random = estimator.draws_per_step > 0
    counts = numbers_of_draws(num_steps, spread, seeds) if random else np.ones(len(seeds), np.int64)
    most, each = int(counts.max()), estimator.draws_per_step
    few = most * each * len(seeds) <= KEPT_ELEMENTS
    u = (_draws if few else _draws.__wrapped__)(most, each, tuple(seeds))
    steps = {key: s[0] for key, s in estimator.steps(u[None], epsilon, dtype).items()}
    # Steps may depend on how many there are, as weights of a regression do.
    for n in np.unique(counts[counts < most]):
        rows = counts == n
        for key, s in estimator.steps(u[None, :, :n, rows], epsilon, dtype).items():
            steps[key][..., :n, rows] = s[0]
    return steps, counts


@lru_cache(maxsize=4)
def _draws(most: int, each: int, seeds: tuple[int, ...]) -> Floats:
    """Return U[0, 1) draws, shape ``(each, most, R)``, read-only: cells of a study share them.

    Drawn one draw after the other, so that a replicate's numbers do not depend on how many draws
    another one takes. Hundreds of generators take longer to make than many an estimate.
    """
    drawn = [stream(seed, Purpose.PERTURBATION).random((most, each)) for seed in seeds]
    u = np.stack(drawn, axis=-1).swapaxes(0, 1)
    u.flags.writeable = False
    return u
