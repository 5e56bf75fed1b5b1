"""``epsilon="auto"``: a step size from the noise of f and its Taylor terms, found by evaluations.

1. The noise, from neighbours of x (:mod:`stochgrad.inference.neighbours`).
2. A Chebyshev series of f on ``[x − h, x + h]``. Its coefficients fall geometrically to the level
   of the noise: where they do not fall, h is too wide; where only the first few stand out, a wider
   one shows more. So h finds the scale on which f changes, from wherever it starts.
3. The series, cut off where the noise begins, gives Taylor coefficients at x; those below the noise
   are taken to go on falling as the others do.
4. Of all step sizes (and degrees, for a regression that leaves its own open) the one with the
   smallest error that :mod:`stochgrad.theory.prediction` predicts.
5. For estimators on one side of x, wider ones as long as estimates agree
   (:mod:`stochgrad.inference.widening`).

Reference: J. P. Boyd, "Chebyshev and Fourier spectral methods" (2001), for reading a series; J. J.
Moré and S. M. Wild, "Estimating derivatives of noisy simulations", ACM TOMS 38 (2012).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from stochgrad.inference.neighbours import Neighbours, look, power_of_two
from stochgrad.inference.taylor_terms import TaylorTerms
from stochgrad.inference.widening import EVALUATIONS, widen
from stochgrad.stencils.base import Estimator
from stochgrad.stencils.differences import ThreePoint
from stochgrad.stencils.estimate import Plan
from stochgrad.stencils.regression import Regression
from stochgrad.theory.moments import moments, require_moments
from stochgrad.theory.prediction import BINADE, Local, predict

Floats = NDArray[np.float64]

NODES = 12
"""Points of a Chebyshev series."""
BEYOND = 4
"""Coefficients after the last one: a series that has not come down to the noise leaves them out."""
TAIL = 3
"""Of its coefficients, those that have to be small."""
TAIL_TERMS, BEFORE_TERMS = slice(-TAIL, None), slice(-2 * TAIL, -TAIL)
FLAT = 0.5
"""Part of the coefficients before them that the last ones are where they no longer fall."""
RESOLVED = 1e-3
"""How small, over the largest."""
STANDS_OUT = 4.0
"""Standard errors of a coefficient that is no noise."""
CERTAIN = 7.0
"""The same where a mistake would end the search: the noise is known to a fifth only."""
ENOUGH = 7
"""A series whose coefficients stand out up to this degree shows enough of f."""
FEWEST_FLOATS = 2 * NODES
"""Between x and x + h, for a series to have its points."""
CORRECTIONS = 3
"""For points that are not where they were meant to be, since they are floats."""
STEEP = 1.5
"""The noise over h must not grow by this factor from one h to a wider one."""
NARROWER, WIDER = 0.25, 2.0
LEAP, LARGEST_LEAP = 1e-3, 2.0**20
"""From an h at which f shows no slope, one goes to where a slope that was just missed would make up
this part of f, but not further than by this factor."""
ROUNDS = 16
"""Of the search for h: from |x|/2 down to 1e-10·|x|."""
STEPS_PER_DECADE = 10
COARSE = 5
"""Of the step sizes that are weighed, each of so many is looked at first."""
SHORTEST = 1e-100
"""Steps that are weighed, over the longest: the distance from 0 to its neighbour is no use."""
DEGREES = (1, 3, 5, 7)
"""Of a regression: error bars fit the next ones too, to see what it leaves out."""
FEWEST_DRAWN = 8
"""Floats in the interval that steps are drawn from, where some of them may not move x."""
MARGIN = 0.85
"""The step is taken a little shorter than the best, since a longer one costs more."""


@dataclass(frozen=True)
class Choice:
    """What was found out, for each point; arrays of the shape of x.

    Attributes:
        epsilon: step sizes.
        degree: of a regression; 0 for other estimators.
        taylor: the Taylor terms, for error bars: as found, and for those below the noise what they
            are taken to be at most.
        broken: whether f was seen to jump, or to have a kink, at x, or was nowhere seen to be
            smooth.
        nfev: evaluations that it took; those of point 5 are made at all points alike.
    """

    epsilon: Floats
    degree: NDArray[np.int64]
    taylor: TaylorTerms
    broken: NDArray[np.bool_]
    nfev: NDArray[np.int64]

    def plan(self, rule: Estimator) -> Plan:
        """Return which variant of the estimator, at which step size, belongs where."""
        parts = []
        for degree in np.unique(self.degree):
            own = replace(rule, degree=int(degree)) if degree else rule  # type: ignore[call-arg]
            for e in np.unique(self.epsilon[self.degree == degree]):
                parts.append((own, float(e), (self.degree == degree) & (self.epsilon == e)))
        # Without points there is nothing to choose, and a plan has a part nevertheless.
        return Plan(tuple(parts) or ((rule, 1.0, np.zeros(self.degree.shape, bool)),))


def choose(
    rule: Estimator,
    f: Callable[[NDArray[Any]], NDArray[Any]],
    x: NDArray[Any],
    size: NDArray[Any],
    num_steps: int,
    noise: Floats | float | None = None,
) -> Choice:
    """Choose the step size of an estimator at every point.

    Args:
        rule: the estimator.
        f: takes arrays of points ``(k, …)`` in the dtype of x.
        x: points, any shape.
        size: what ε is multiplied by, the same shape.
        num_steps: N, which the best step depends on.
        noise: standard deviation of the noise of f, if it is known.

    Raises:
        ConfigError: for an estimator of which theory knows nothing.
    """
    require_moments(rule)
    if not rule.perturbs:
        # Nothing to weigh: a step in the imaginary direction has no rounding.
        tiny = np.full(x.shape, float(np.finfo(x.dtype).tiny) ** 0.5)
        nothing, none = np.zeros((NODES, *x.shape)), np.zeros(x.shape, np.int64)
        terms = TaylorTerms(nothing, np.ones(x.shape))
        return Choice(tiny, none, terms, none.astype(bool), none)
    # Of a point that is no number there is nothing to find out, and it must not disturb others.
    finite = np.isfinite(x)
    x, size = np.where(finite, x, x.dtype.type(1)), np.where(finite, size, size.dtype.type(1))
    with np.errstate(all="ignore"):
        near = look(f, x, noise)

        def scaled(points: NDArray[Any]) -> NDArray[Any]:
            """Return f in units of which squares are floats."""
            return np.asarray(f(points) / near.level)

        series, width, seen, rounds, sigma = _search(scaled, x, near)
        taylor, doubt, known = _taylor(series, sigma, x.dtype.name)
        epsilon, degree = _best(rule, x, size, taylor, sigma, width, num_steps)
        powers = np.arange(NODES).reshape(-1, *(1,) * x.ndim)
        tried = 0
        if isinstance(rule, ThreePoint):
            terms = TaylorTerms(np.where(known, taylor, 0.0), width)
            wider, tried = widen(rule, scaled, x, epsilon, sigma, terms, num_steps)
            # What is below the noise is below it on the larger scale that was found.
            factor, epsilon, width = wider / epsilon, wider, width * wider / epsilon
            taylor = np.where(known, taylor * factor**powers, taylor)
            doubt = np.where(known, doubt * factor**powers, doubt)
        terms = TaylorTerms(np.hypot(taylor, doubt) * near.level, width)
    nfev = near.nfev + NODES * rounds + EVALUATIONS * tried
    return Choice(epsilon, degree, terms, near.broken | ~seen, nfev.astype(np.int64))


def _search(f: Callable[..., Any], x: NDArray[Any], near: Neighbours) -> tuple[Any, ...]:
    """Return Chebyshev coefficients ``(NODES, …)`` and the half-width that they are for.

    And whether there is any for which they fall, how many rounds it took, and the noise. The
    half-width is at most twice the larger of |x| and 1.

    Where all neighbours are alike, values may be rounded on the way to f, as those of ``1 − cos x``
    are: then the last coefficients are noise if they have ceased to fall.
    """
    sigma = near.noise
    length = np.abs(x.astype(np.float64))
    length = np.where(length > 0, length, 1.0)
    widest = 2 * np.maximum(length, 1.0)
    nodes = np.cos((np.arange(NODES) + 0.5) * np.pi / NODES).reshape(-1, *(1,) * x.ndim)
    degrees = np.arange(NODES).reshape(-1, *(1,) * (x.ndim + 1))
    transform = np.cos(degrees * np.arccos(nodes)) * (2 / NODES)
    transform[0] /= 2
    h = length / 2
    narrowest = FEWEST_FLOATS * np.spacing(np.abs(x)).astype(np.float64)
    width, series = np.zeros(x.shape), np.zeros((NODES, *x.shape))
    ceiling, flattest = np.full(x.shape, np.inf), np.full(x.shape, np.inf)
    rounds, active = np.zeros(x.shape), np.ones(x.shape, bool)
    for _ in range(ROUNDS):
        points = (x + (h * nodes)).astype(x.dtype)
        raw = np.asarray(f(points))
        values = raw.astype(np.float64)
        # Far from x, f may be larger, and so is its rounding.
        rounding = np.spacing(np.abs(raw).max(axis=0)).astype(np.float64) / np.sqrt(12)
        # Without a straight line, whose own rounding would look like high powers.
        t = (points.astype(np.float64) - x) / h
        rise = (values[-1] - values[0]) / (t[-1] - t[0])
        rest = (values - values[0]) - rise * (t - t[0])
        found = _series(transform, nodes, rest, t - nodes)
        found[0] += values[0] - rise * t[0]
        found[1] += rise
        rounds += active
        size = np.abs(found)
        last, before = (np.sqrt((size[p] ** 2).mean(axis=0)) for p in (TAIL_TERMS, BEFORE_TERMS))
        flat = near.alike & active & (last > FLAT * before)
        sigma = np.where(flat, np.fmax(sigma, last * np.sqrt(NODES / 2)), sigma)
        level = CERTAIN * np.fmax(sigma, rounding) * np.sqrt(2 / NODES)
        largest = size[1:].max(axis=0)
        tail = size[-TAIL:].max(axis=0)
        good = np.isfinite(found).all(axis=0) & (tail <= np.maximum(RESOLVED * largest, level))
        shown = (size[ENOUGH:] > level).any(axis=0)
        # Where f grows so fast that its rounding error outgrows h, more width shows less of f′.
        good &= level <= STEEP * flattest * h
        flattest = np.where(good, np.minimum(flattest, level / h), flattest)
        keep = active & good & (h > width)
        width, series = np.where(keep, h, width), np.where(keep, found, series)
        ceiling = np.where(active & ~good, np.minimum(ceiling, h), ceiling)
        factor = np.where(h < widest / 16, WIDER**2, WIDER)
        # Where not even the slope stands out, f may be as flat as that over far more than h.
        leap = np.clip(LEAP * size[0] / level, factor, LARGEST_LEAP)
        factor = np.where((largest <= level) & (h * leap < widest), leap, factor)
        wider = h * factor
        grow = good & ~shown & (wider < ceiling) & (wider <= widest)
        active &= grow | (~good & (width == 0) & (h > narrowest))
        h = np.where(active, np.where(good, wider, np.maximum(h * NARROWER, narrowest)), h)
        if not active.any():
            break
    return series, np.where(width > 0, width, h), width > 0, rounds, sigma


def _series(transform: Floats, nodes: Floats, values: Floats, moved: Floats) -> Floats:
    """Return Chebyshev coefficients from values at ``nodes + moved``, to first order in the latter.

    Where a series falls, its derivative takes the values to the nodes; where it does not, there is
    nothing to correct.
    """
    found = (transform * values).sum(axis=1)
    first = found
    for _ in range(CORRECTIONS):
        rise = chebyshev.chebval(nodes.ravel(), chebyshev.chebder(found), tensor=True)
        at_nodes = values - np.moveaxis(rise, -1, 0) * moved
        found = (transform * at_nodes).sum(axis=1)
    calm = np.abs(found).max(axis=0) <= 2 * np.abs(first).max(axis=0)
    return np.asarray(np.where(calm, found, first))


def _taylor(series: Floats, sigma: Floats, dtype: str) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return ``βₖhᵏ`` from a series: what stands out, and a guess of what goes on below.

    And of each by how much it may be off, and whether it is no rounding.
    """
    level = STANDS_OUT * sigma * np.sqrt(2 / NODES)
    size = np.abs(series)
    every = np.arange(NODES + BEYOND).reshape(-1, *(1,) * sigma.ndim)
    degrees = every[:NODES]
    clear = size > level
    last = np.where(clear, degrees, 0).max(axis=0)
    lead = np.maximum(size[1], size[2])
    at_last = np.take_along_axis(size, last[None], 0)[0]
    fall = (at_last / lead) ** (1 / np.maximum(last - 1, 1))
    # With nothing to tell how fast, as fast as a function with a pole at twice the width.
    fall = np.where(last >= 3, np.clip(fall, 0.02, 0.5), 0.27)
    base = np.where(last >= 1, np.where(last >= 2, at_last, size[1]), level)
    guess = base * fall ** np.maximum(every - last, 0)
    guess[:NODES] = np.minimum(guess[:NODES], 0.5 * level)
    terms = np.where(degrees <= last, series, 0.0)
    to_powers = _to_powers()
    found = np.tensordot(to_powers[:, :NODES], terms, 1)
    # The noise of what stands out, and what is below it, are missing in every βₖ: one that is small
    # by chance is known no better than others. So is what a series leaves out that has not come
    # down to the noise.
    hidden = np.where((every < NODES) | (last == NODES - 1), guess, 0.0)
    error = np.where(every <= last, sigma * np.sqrt(2 / NODES), hidden)
    doubt = np.sqrt(np.tensordot(to_powers**2, error**2, 1))
    # A coefficient below the noise is of unknown sign: it only ever adds.
    unknown = guess[:NODES] * 2.0 ** np.maximum(degrees - 1, 0)
    # Far from x, f may be larger, and so is its rounding: it stands out by chance.
    far = size.sum(axis=0) * float(np.finfo(dtype).eps) / np.sqrt(12)
    sure = np.where(size > np.fmax(level, STANDS_OUT * far), degrees, 0).max(axis=0)
    return np.where(degrees <= last, found, unknown), doubt, degrees <= sure


@cache
def _to_powers() -> Floats:
    """Return the matrix that takes a Chebyshev series to powers, as many as there are nodes."""
    found = np.zeros((NODES + BEYOND,) * 2)
    for k, one in enumerate(np.eye(NODES + BEYOND)):
        found[: k + 1, k] = chebyshev.cheb2poly(one)[: k + 1]
    return found[:NODES]


def _best(
    rule: Estimator,
    x: NDArray[Any],
    size: NDArray[Any],
    taylor: Floats,
    sigma: Floats,
    width: Floats,
    num_steps: int,
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the step size of the smallest predicted error, and the degree of a regression."""
    dtype = x.dtype.name
    powers = np.arange(NODES).reshape(-1, *(1,) * x.ndim)
    relative = np.abs(size.astype(np.float64))
    # In units of the width, whose high powers may be no floats. They are powers of two, so that
    # nothing is rounded.
    unit = power_of_two(width)
    step = relative / unit
    local = Local(x.astype(np.float64) / unit, taylor * (unit / width) ** powers, 0.0, sigma, step)
    sizes = np.abs(local.taylor)
    # Of a rounding error over its value: (eps/√12)·0.54^½, the mean over a binade.
    rounding = np.sqrt(BINADE / 12) * float(np.finfo(dtype).eps)
    longest = width / relative
    # The smallest step that moves x is the same for all, or a float's distance at each.
    shortest = {v: float(rule.smallest_epsilon(dtype, v)) for v in np.unique(np.abs(x)).tolist()}
    low = np.vectorize(shortest.get, [float])(np.abs(x)) if x.size else np.zeros(x.shape)
    first = float(low.min(initial=np.inf, where=low > 0)) if x.size else 1.0
    high = max(float(longest.max(initial=0)), 10 * first)
    first = max(first, high * SHORTEST)
    candidates = np.geomspace(first, high, int(np.log10(high / first) * STEPS_PER_DECADE) + 2)
    floats = relative / np.spacing(np.abs(x))
    least = np.full(x.shape, np.inf)
    epsilon, degree = low.copy(), np.zeros(x.shape, np.int64)
    for variant in _variants(rule, num_steps):

        def errors(i: int, variant: Estimator = variant) -> Floats:
            e = float(candidates[i])
            # Where f is larger than at x, so is its rounding.
            largest = (sizes * (e * step) ** powers).sum(axis=0)
            there = replace(local, noise=np.fmax(sigma, largest * rounding))
            told = predict(variant, there, e, num_steps, dtype).rmse
            possible = (e <= 1.001 * longest) & (e >= low) & _moves(variant, e, num_steps, floats)
            return np.asarray(np.where(possible, np.fmin(told, np.inf), np.inf))

        index, error = _smallest(errors, len(candidates), x.shape)
        better = error < least
        least = np.where(better, error, least)
        epsilon = np.where(better, candidates[index], epsilon)
        degree = np.where(better, getattr(variant, "degree", None) or 0, degree)
    return np.maximum(epsilon * MARGIN, low), degree


def _smallest(
    errors: Callable[[int], Floats], count: int, shape: tuple[int, ...]
) -> tuple[NDArray[np.int64], Floats]:
    """Return which of ``count`` step sizes has the smallest error at every point, and that error.

    Errors fall with the step and rise again: so each ``COARSE``-th is looked at, then those around
    the best of them.
    """
    index, least = np.zeros(shape, np.int64), np.full(shape, np.inf)

    def look_at(indices: Iterable[int]) -> None:
        for i in indices:
            error = errors(i)
            better = error < least
            index[better], least[better] = i, error[better]

    look_at(range(0, count, COARSE))
    # Where none of these is possible, any other may be.
    centres = np.unique(index) if np.isfinite(least).all() else np.arange(count)
    around = centres[:, None] + np.arange(1 - COARSE, COARSE)
    look_at(i for i in np.unique(around).tolist() if 0 <= i < count and i % COARSE)
    return index, least


def _moves(rule: Estimator, epsilon: float, num_steps: int, floats: Floats) -> NDArray[np.bool_]:
    """Tell whether all steps move x, or most of many: theory knows nothing of those that do not.

    Args:
        rule: the estimator.
        epsilon: step size.
        num_steps: N.
        floats: how many there are in a step of size 1.
    """
    found = moments(rule, epsilon, num_steps)
    assert found is not None
    return np.asarray(
        (found.shortest * epsilon * floats >= 1) | (found.spread * epsilon * floats >= FEWEST_DRAWN)
    )


def _variants(rule: Estimator, num_steps: int) -> list[Estimator]:
    """Return the estimators among which to choose: degrees of a regression that leaves it open."""
    if isinstance(rule, Regression) and rule.degree is None:
        # Two pairs more than powers, for error bars.
        return [replace(rule, degree=k) for k in DEGREES if (k + 1) // 2 + 2 <= num_steps or k == 1]
    return [rule]
