"""What the evaluations of an estimator say about f: a polynomial through all of them.

Whatever an estimator does with its values, a least-squares polynomial of degree K through the same
values has the slope ``c = Σₖ dₖgₖ`` at x, ``gₖ = ⟨qₖ, y⟩`` the coefficients in polynomials that are
orthonormal over the points, ``dₖ = qₖ′(0)``. Its variance is ``σ²·Σₖ dₖ²``, σ² the residual
variance, and what the degrees above K leave out of it is ``Σₖ>K dₖgₖ``.

The basis is built by multiplying with t and making orthogonal, twice, against what is there.

Reference: P. D. Brubeck, Y. Nakatsukasa and L. N. Trefethen, "Vandermonde with Arnoldi", SIAM
Review 63 (2021), for the basis.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LARGEST_DEGREE = 9
CANDIDATES = (1, 2, 3, 4, 5, 6, 7)
"""Degrees of which the slope may be taken; those above show what they leave out. Where Taylor
coefficients are known, all may be."""
POINTS_PER_DEGREE = 2
"""Values for each degree that is fitted, at least: the rest shows the noise."""
CHUNK = 2**15
"""Values that are worked on at once: they stay in the processor's cache."""
PRIOR = 4.0
"""Unless the values say otherwise, Taylor terms are taken to fall no slower than (4h/scale)ᵏ."""
SIGNIFICANT = 5.0
"""A coefficient is one if noise would give it as seldom as a normal number of this size: by
Student's distribution, since few values know their own noise badly."""
CAUTION = 2.0
"""Times the decay seen in the significant coefficients is how the others are taken to fall."""
NEGLIGIBLE = 0.25
"""Of a standard error: a truncation error up to this costs half a percent of coverage."""
DEPENDENT = 1e-13
"""A power whose part that is new is smaller than this, relative, is none."""


@dataclass(frozen=True)
class LocalFit:
    """The slope of f at x by least squares; arrays have the shape of one evaluation.

    Attributes:
        slope: c.
        error: its standard error, from the residuals or from the noise that is known.
        freedom: degrees of freedom of the error; infinite where the noise is known.
        degree: K.
        truncation: the error that higher powers are taken to leave in the slope, over ``error``.
        noise: standard deviation of the residuals.
        curvature: |f″|, to leading order.
    """

    slope: Floats
    error: Floats
    freedom: Floats
    degree: NDArray[np.int64]
    truncation: Floats
    noise: Floats
    curvature: Floats


def fit(
    offsets: NDArray[Any],
    values: NDArray[Any],
    scale: NDArray[Any],
    noise: Floats | float | None = None,
    taylor: Floats | None = None,
) -> LocalFit:
    """Fit polynomials to evaluations of f around x.

    Args:
        offsets: shape ``(n, …)``: points minus x.
        values: the same shape: of f there.
        scale: broadcasts against ``(…)``: the distance over which f is expected to change.
        noise: standard deviation of the noise in the values, if it is known.
        taylor: sizes of the coefficients ``|βₖ|``, shape ``(T, …)``, T > ``LARGEST_DEGREE``, if
            they are known: scale does not matter then.

    Returns:
        Of the lowest degree whose truncation error is negligible, or else the smallest.
    """
    count, shape = len(values), values.shape[1:]
    t = np.asarray(offsets, np.float64).reshape(count, -1)
    y = np.asarray(values, np.float64).reshape(count, -1)
    rounding = np.spacing(np.abs(values)).reshape(count, -1).astype(np.float64) / math.sqrt(12)
    size = np.broadcast_to(np.abs(np.asarray(scale, np.float64)), shape).reshape(-1)
    sigma = None if noise is None else np.broadcast_to(noise, shape).reshape(-1).astype(float)
    beta = None if taylor is None else taylor.reshape(len(taylor), -1)
    width = max(1, CHUNK // count)
    parts = [
        _fit(
            t[:, part],
            y[:, part],
            rounding[:, part],
            size[part],
            None if sigma is None else sigma[part],
            None if beta is None else beta[:, part],
        )
        for part in (slice(low, low + width) for low in range(0, t.shape[1], width))
    ]
    columns = zip(*parts, strict=True) if parts else ([],) * 7
    return LocalFit(*(np.concatenate([*c, []]).reshape(shape) for c in columns))


def _fit(
    offsets: Floats,
    y: Floats,
    rounding: Floats,
    size: Floats,
    noise: Floats | None,
    taylor: Floats | None,
) -> tuple[Floats, ...]:
    count, elements = y.shape
    with np.errstate(all="ignore"):
        h = np.abs(offsets).max(axis=0)
        # Relative to the first value, and to their size: neither cancels nor overflows.
        level = y[0]
        unit = np.abs(y - level).max(axis=0)
        unit = np.where(unit > 0, unit, 1.0)
        basis = _basis(offsets / h, min(LARGEST_DEGREE, count // POINTS_PER_DEGREE))
        g, residual = _project(basis.q, (y - level) / unit)
        used = basis.used.sum(axis=0)
        free = np.maximum(count - used, 0).astype(float)
        sigma = np.sqrt((residual**2).sum(axis=0) / free)
        if noise is not None:
            sigma, free = noise / unit, np.full(elements, np.inf)
        terms = np.abs(g) * basis.leading
        slopes = np.cumsum(basis.slope * g, axis=0)
        errors = sigma * np.sqrt(np.cumsum(basis.slope**2, axis=0))
        noisy = _critical(free) * sigma * basis.leading
        if taylor is None:
            envelope = _envelope(basis, terms, noisy, h / size, np.abs(level) / unit)
        else:
            envelope = taylor * h ** np.arange(len(taylor))[:, None] / unit
        left = _left_out(basis, envelope) / errors
        best = _choose(left, basis.used, CANDIDATES if taylor is None else range(1, len(left)))
        back = unit / h

        def take(a: Floats) -> Floats:
            return np.asarray(np.take_along_axis(a, best[None], 0)[0])

        error = take(errors) * back * _unequal(basis, best, rounding / unit, sigma)
        return (
            take(slopes) * back, error, free, best.astype(float), take(left),
            sigma * unit, 2 * terms[min(2, len(terms) - 1)] * back / h,
        )  # fmt: skip


@dataclass(frozen=True)
class Basis:
    """Orthonormal polynomials over the points.

    Attributes:
        q: values at the points, one array ``(n, …)`` a degree; 0 where a degree is not there.
        slope: shape ``(D + 1, …)``: derivatives at 0.
        leading: coefficients of the highest powers, so that ``gₖ·leading`` is ``|βₖ|hᵏ``.
        used: whether the points tell a degree from the lower ones.
    """

    q: list[Floats]
    slope: Floats
    leading: Floats
    used: NDArray[np.bool_]


def _basis(t: Floats, largest: int) -> Basis:
    count, elements = t.shape
    q = [np.full((count, elements), 1 / np.sqrt(count))]
    value, slope, leading = ([np.full(elements, v)] for v in (count**-0.5, 0.0, count**-0.5))
    used = [np.ones(elements, bool)]
    for _ in range(largest):
        new = t * q[-1]
        new_value, new_slope = np.zeros(elements), value[-1].copy()
        before = np.sqrt(np.einsum("ne,ne->e", new, new))
        for _ in range(2):
            for p, v, s in zip(q, value, slope, strict=True):
                part = np.einsum("ne,ne->e", p, new)
                new -= part * p
                new_value -= part * v
                new_slope -= part * s
        norm = np.sqrt(np.einsum("ne,ne->e", new, new))
        there = used[-1] & (norm > DEPENDENT * before)
        inverse = np.where(there, 1 / norm, 0.0)
        q.append(new * inverse)
        value.append(new_value * inverse)
        slope.append(new_slope * inverse)
        leading.append(leading[-1] * inverse)
        used.append(there)
    return Basis(q, np.array(slope), np.array(leading), np.array(used))


def _project(q: list[Floats], y: Floats) -> tuple[Floats, Floats]:
    residual = y.copy()
    g = []
    for p in q:
        part = np.einsum("ne,ne->e", p, residual)
        residual -= part * p
        g.append(part)
    return np.array(g), residual


def _critical(freedom: Floats) -> Floats:
    """Return Student's quantile that belongs to ``SIGNIFICANT`` of the normal distribution.

    Reference: D. L. Wallace, "Bounds on normal approximations to Student's and the chi-square
    distributions", Ann. Math. Stat. 30 (1959): within a few percent.
    """
    n = np.minimum(freedom, 1e9)
    return np.asarray(np.sqrt(n * np.expm1((SIGNIFICANT * (8 * n + 3) / (8 * n + 1)) ** 2 / n)))


def _envelope(
    basis: Basis, terms: Floats, noisy: Floats, relative: Floats, level: Floats
) -> Floats:
    """Return how large the Taylor terms are taken to be, by how those that are seen fall.

    Args:
        basis: the polynomials.
        terms: ``|βₖ|hᵏ`` as fitted.
        noisy: sizes of terms that may be noise.
        relative: h over the scale of x.
        level: |f(x)|.

    Returns:
        Two terms more than the polynomials have.
    """
    first = np.maximum(terms[1], level * relative)
    degrees = np.arange(len(terms)).reshape(-1, 1)
    seen = basis.used & (terms > noisy) & (degrees >= 2)
    ratio = np.where(seen, (terms / first) ** (1 / np.maximum(degrees - 1, 1)), 0.0)
    fall = ratio.max(axis=0)
    prior = PRIOR * relative
    known = seen.sum(axis=0) >= 2
    decay = np.where(known, np.minimum(prior, CAUTION * fall), prior)
    decay = np.maximum(decay, fall)
    return np.asarray(first * decay ** (np.arange(len(terms) + 2).reshape(-1, 1) - 1))


def _left_out(basis: Basis, envelope: Floats) -> Floats:
    """Return the truncation error of the slope of each degree.

    Args:
        basis: the polynomials, D degrees and 0.
        envelope: ``|βₖ|hᵏ``, for more degrees than those.
    """
    most = len(basis.used)
    # What a degree adds to the slope: dₖgₖ, with gₖ = βₖhᵏ over the leading coefficient.
    added = np.abs(basis.slope) * envelope[:most] / basis.leading
    added = np.where(basis.used, added, 0.0)
    left = added.sum(axis=0) - np.cumsum(added, axis=0)
    # Above the degrees that are there nothing is seen: the next two terms.
    last = basis.used.sum(axis=0) - 1
    unseen = sum(np.take_along_axis(envelope, last[None] + n, 0)[0] for n in (1, 2))
    return np.asarray(np.maximum(left, 0) + unseen)


def _unequal(basis: Basis, best: NDArray[np.int64], rounding: Floats, sigma: Floats) -> Floats:
    """Return by what a standard error grows where some values are rounded more than others.

    The variance of a value is that of its rounding and of what noise has beside, and that of the
    slope ``Σ wᵢ²vᵢ``, with ``wᵢ = Σₖ dₖqₖ(tᵢ)``; least squares alone takes all of them for equal.
    """
    square = rounding**2
    mean = square.mean(axis=0)
    beside = np.maximum(sigma**2 - mean, 0)
    weight = np.zeros(rounding.shape)
    for k, q in enumerate(basis.q):
        weight += np.where(k <= best, basis.slope[k], 0.0) * q
    weight *= weight
    total = weight.sum(axis=0)
    own = (weight * square).sum(axis=0) / total
    return np.asarray(np.where(total > 0, np.sqrt((own + beside) / (mean + beside)), 1.0))


def _choose(left: Floats, used: NDArray[np.bool_], candidates: Iterable[int]) -> NDArray[np.int64]:
    """Return the lowest degree that leaves out little, or that which leaves out least."""
    most = len(left) - 1
    allowed = np.zeros(left.shape, bool)
    for k in candidates:
        if k <= most:
            allowed[k] = used[k]
    allowed[min(1, most)] = True
    score = np.where(allowed, np.nan_to_num(left, nan=np.inf), np.inf)
    good = score <= NEGLIGIBLE
    return np.asarray(np.where(good.any(axis=0), good.argmax(axis=0), score.argmin(axis=0)))
