"""What the evaluations of an estimator say about f: a polynomial through all of them.

Whatever an estimator does with its values, a least-squares polynomial of degree K through the same
values has the slope ``c = Σₖ dₖgₖ`` at x, ``gₖ = ⟨qₖ, y⟩`` the coefficients in polynomials that are
orthonormal over the points, ``dₖ = qₖ′(0)``. Its variance is ``σ²·Σₖ dₖ²``, σ² the residual
variance, and what the degrees above K leave out of it is ``Σₖ>K dₖgₖ``.

K is chosen for a small truncation error, which takes an idea of how Taylor terms fall: as if f had
a singularity not far from its scale, or as they are seen to.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.inference.orthogonal import make_basis, project
from stochgrad.inference.residuals import NEGLIGIBLE, opposite, pooled, unequal
from stochgrad.inference.taylor_terms import UNSEEN, TaylorTerms, left_out, seen

Floats = NDArray[np.float64]

LARGEST_DEGREE = 9
CANDIDATES = (1, 2, 3, 4, 5, 6, 7)
"""Degrees of which the slope may be taken; those above show what they leave out. Where Taylor
coefficients are known, all may be."""
POINTS_PER_DEGREE = 2
"""Values for each degree that is fitted, at least: the rest shows the noise."""
CHUNK = 2**15
"""Values that are worked on at once: they stay in the processor's cache."""
TWO_SIDED = 1.96
"""The normal quantile of an interval of 95 %."""


@dataclass(frozen=True)
class LocalFit:
    """The slope of f at x by least squares; arrays have the shape of one evaluation.

    Attributes:
        slope: c.
        error: its standard error, from the residuals or from the noise that is known.
        freedom: degrees of freedom of the error; infinite where the noise is known.
        degree: K.
        truncation: the error that higher powers are taken to leave in the slope, over ``error``.
        noise: standard deviation of the residuals; of their odd part, where that is larger.
        least: noise of which less would have been called too little for these degrees of freedom,
            or for any degree: 0 where nothing depended on it.
        curvature: |f″|, to leading order.
        rough: the slope of the degree whose error is smallest with truncation counted in.
        rough_error: that error.
    """

    slope: Floats
    error: Floats
    freedom: Floats
    degree: NDArray[np.int64]
    truncation: Floats
    noise: Floats
    least: Floats
    curvature: Floats
    rough: Floats
    rough_error: Floats


def fit(
    offsets: NDArray[Any],
    values: NDArray[Any],
    scale: NDArray[Any],
    noise: Floats | float | None = None,
    taylor: TaylorTerms | None = None,
) -> LocalFit:
    """Fit polynomials to evaluations of f around x.

    Args:
        offsets: shape ``(n, …)``: points minus x.
        values: the same shape: of f there.
        scale: broadcasts against ``(…)``: the distance over which f is expected to change.
        noise: standard deviation of the noise in the values, if it is known.
        taylor: the terms of f, more than ``LARGEST_DEGREE``, if they are known: scale does not
            matter then.

    Returns:
        Of the lowest degree whose truncation error is negligible, or else the smallest.
    """
    count, shape = len(values), values.shape[1:]
    t = np.asarray(offsets, np.float64).reshape(count, -1)
    y = np.asarray(values, np.float64).reshape(count, -1)
    rounding = np.spacing(np.abs(values)).reshape(count, -1).astype(np.float64) / math.sqrt(12)
    size = np.broadcast_to(np.abs(np.asarray(scale, np.float64)), shape).reshape(-1)
    sigma = None if noise is None else np.broadcast_to(noise, shape).reshape(-1).astype(float)
    known = None
    if taylor is not None:
        known = taylor.sizes.reshape(len(taylor.sizes), -1), taylor.reach.reshape(-1)
    width = max(1, CHUNK // count)
    parts = [
        _fit(
            t[:, part],
            y[:, part],
            rounding[:, part],
            size[part],
            None if sigma is None else sigma[part],
            None if known is None else TaylorTerms(known[0][:, part], known[1][part]),
        )
        for part in (slice(low, low + width) for low in range(0, t.shape[1], width))
    ]
    columns = zip(*parts, strict=True) if parts else ([],) * len(fields(LocalFit))
    return LocalFit(*(np.concatenate([*c, []]).reshape(shape) for c in columns))


def _fit(
    offsets: Floats,
    y: Floats,
    rounding: Floats,
    size: Floats,
    noise: Floats | None,
    taylor: TaylorTerms | None,
) -> tuple[Floats, ...]:
    count, elements = y.shape
    with np.errstate(all="ignore"):
        h = np.abs(offsets).max(axis=0)
        # Relative to the first value, and to their size: neither cancels nor overflows.
        level = y[0]
        unit = np.abs(y - level).max(axis=0)
        unit = np.where(unit > 0, unit, 1.0)
        largest = min(LARGEST_DEGREE, count // POINTS_PER_DEGREE)
        fitted = slice(largest + 1)
        basis = make_basis(offsets / h, largest + UNSEEN)
        g, residual = project(basis.q[fitted], (y - level) / unit)
        squares = (residual**2).sum(axis=0)
        free = np.maximum(count - basis.used[fitted].sum(axis=0), 0).astype(float)
        sigma, highest = np.sqrt(squares / free), np.full(elements, largest)
        least = np.zeros(elements)
        # Never below the rounding errors of the values: few residuals may all be small.
        floor = np.sqrt(((rounding / unit) ** 2).mean(axis=0))
        if noise is not None:
            sigma, free = np.hypot(noise / unit, floor), np.full(elements, np.inf)
        terms = np.abs(g) * basis.leading[fitted]
        if taylor is None:
            magnitude = np.sqrt(((y / unit) ** 2).mean(axis=0))
            envelope, doubted = seen(basis, terms, sigma, free, h / size, magnitude)
        else:
            envelope = taylor.at(h) / unit
            doubted = np.zeros(terms.shape)
        left = left_out(basis, envelope)[fitted]
        slopes = np.cumsum(basis.slope[fitted] * g, axis=0)
        gains = np.sqrt(np.cumsum(basis.slope[fitted] ** 2, axis=0))
        if noise is None:
            expected = envelope[fitted] / basis.leading[fitted]
            sigma, free, highest, least = pooled(g, squares, free, expected, left / gains)
        errors = np.maximum(sigma, floor) * gains
        over = left / errors
        candidates = CANDIDATES if taylor is None else range(1, largest + 1)
        allowed = _allowed(basis.used[fitted] & _up_to(highest, largest), candidates)
        best = _choose(over, allowed)
        over = np.maximum(over, doubted / errors)
        if noise is None:
            needed = np.where(allowed, left / gains, np.inf).min(axis=0) / NEGLIGIBLE
            least = np.maximum(least, np.where(needed <= floor, 0.0, needed))
        in_all = np.hypot(errors, left)
        rough = np.where(basis.used[fitted] & (gains > 0), in_all, np.inf).argmin(axis=0)
        back = unit / h
        if noise is None:
            found, odd, own = opposite(offsets, residual, basis.used[fitted])
            found &= odd > sigma
            sigma, free = np.where(found, odd, sigma), np.where(found, own, free)
        error = _take(gains, best) * sigma
        error *= unequal(basis, best, rounding / unit, sigma, residual if noise is None else None)
        return (
            _take(slopes, best) * back, error * back, free, best.astype(float), _take(over, best),
            sigma * unit, least * unit, 2 * terms[min(2, largest)] * back / h,
            _take(slopes, rough) * back, _take(in_all, rough) * back,
        )  # fmt: skip


def _take(rows: Floats, degree: NDArray[np.int64]) -> Floats:
    """Return the row of a degree of its own at every point."""
    return np.asarray(np.take_along_axis(rows, degree[None], 0)[0])


def _up_to(highest: NDArray[np.int64], largest: int) -> NDArray[np.bool_]:
    return np.asarray(np.arange(largest + 1)[:, None] <= highest)


def _allowed(used: NDArray[np.bool_], candidates: Iterable[int]) -> NDArray[np.bool_]:
    """Return which degrees the slope may be taken of: the first one in any case."""
    most = len(used) - 1
    allowed = np.zeros(used.shape, bool)
    for k in candidates:
        if k <= most:
            allowed[k] = used[k]
    allowed[min(1, most)] = True
    return allowed


def _choose(left: Floats, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the lowest degree that leaves out little, or that which leaves out least."""
    score = np.where(allowed, np.nan_to_num(left, nan=np.inf), np.inf)
    good = score <= NEGLIGIBLE
    return np.asarray(np.where(good.any(axis=0), good.argmax(axis=0), score.argmin(axis=0)))
